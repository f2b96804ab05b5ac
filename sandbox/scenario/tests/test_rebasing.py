"""A scenario moved in time is the same scenario."""

import datetime as dt

import pytest

from sandbox.scenario.cross_checks import find_problems
from sandbox.scenario.loading import SHIPPED, load
from sandbox.scenario.rebasing import rebased
from sandbox.scenario.world import plan


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_moving_there_and_back_changes_nothing(path) -> None:
    scenario = load(path)
    later = rebased(scenario, scenario.start + dt.timedelta(days=200))
    assert not find_problems(later)
    assert rebased(later, scenario.start) == scenario
    assert len(plan(later)) == scenario.cycles


def test_every_time_moves() -> None:
    scenario = load(SHIPPED / "shop.yaml")
    span = dt.timedelta(days=1)
    later = rebased(scenario, scenario.start + span)
    ends = [
        limit["exemptions"][0]["ends_at"]
        for limits in (scenario, later)
        for limit in limits.limits
        if "exemptions" in limit
    ]
    assert ends[1] - ends[0] == span
