"""Many clusters in one cycle, most of them in trouble, each in its own way: every one accounted for by one load job."""

from collections.abc import Callable

import pytest

from tests.e2e.stand_ins import StandIns
from tests.e2e.watched_world import World
from tests.operators.fleet import observe_fleet


@pytest.mark.timeout(120)
def test_every_cluster_is_accounted_for(make_world: Callable[..., World], stand_ins: StandIns) -> None:
    observe_fleet(make_world, stand_ins, size=24, budget_seconds=8)
