"""What of the policy was changed, and by whom; what nobody changed is not said."""

import datetime as dt
from typing import Any

import pytest

from pedwatch.audit.policy_changes import policy_changes
from pedwatch.config import PolicyConfig
from pedwatch.limits.belief_rows import policy_rows
from tests.unit.audit.shop_day import at

Row = dict[str, Any]
EVER = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
MADE = {"commit": "c0ffee", "author": "Ana <ana@shop>", "committed_at": at("9:00"), "ticket": "CAP-7"}


def version(
    start: dt.datetime, end: dt.datetime, policy: Row | None = None, commits: Any = (MADE,), **lists: Any
) -> list[Row]:
    """Return the rows of a version as a sync writes them."""
    named = {"valid_from": start, "valid_to": end, "policy_version": f"v{start:%H%M}", "commits": list(commits)}
    empty = {"advisories": [], "retired_clusters": [], "suppressed_teams": []}
    return [row | named | empty | lists for row in policy_rows(PolicyConfig.model_validate(policy or {}))]


def told(old: list[Row], new: list[Row]) -> list[str]:
    """Return what is said of two versions."""
    changes = policy_changes([*old, *new], at("0:00"), at("0:00", 1))
    return [f"{one.setting} of {one.whose}: {one.before} → {one.after}, {one.effect}" for one in changes]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({}, {"defaults": {"tolerance_count": 2}}, ["tolerance_count of all: 0 → 2, weaker"], id="raised"),
        pytest.param(
            {"teams": {"shop": {"tolerance_ratio": 0.5}}},
            {"teams": {"shop": {"tolerance_ratio": 0.1}}},
            ["tolerance_ratio of team shop: 0.5 → 0.1, stricter"],
            id="lowered for a team",
        ),
        pytest.param(
            {},
            {"teams": {"shop": {"apis": {"orders": {"grace_minutes": 60}}}}},
            ["grace_minutes of API orders of team shop: 10 → 60, weaker"],
            id="an API's own, where nobody had any",
        ),
        pytest.param(
            {"teams": {"shop": {"tolerance_count": 1}}},
            {"defaults": {"grace_minutes": 20}, "teams": {"shop": {"tolerance_count": 1}}},
            ["grace_minutes of all: 10 → 20, weaker"],
            id="who inherits it is not named again",
        ),
        pytest.param(
            {"teams": {"shop": {"grace_minutes": 30}}},
            {},
            ["grace_minutes of team shop: 30 → 10, stricter"],
            id="taken back",
        ),
        pytest.param(
            {},
            {"defaults": {"window_observations": 5, "clear_observations": 3}},
            ["window_observations of all: 3 → 5, stricter", "clear_observations of all: 2 → 3, stricter"],
            id="more is not always weaker",
        ),
        pytest.param(
            {"approvers": [{"id": "ana", "team_id": "shop"}]},
            {"approvers": [{"id": "ana", "team_id": "platform"}, {"id": "bob", "team_id": "shop"}]},
            [
                "approvers of all: ana: approves, of team shop → ana: approves, of team platform, weaker",
                "approvers of all: bob: approves nothing → bob: approves, of team shop, weaker",
            ],
            id="approvers",
        ),
        pytest.param({}, {}, [], id="nothing"),
    ],
)
def test_each_setting_that_changed_is_said_once_for_whom_it_changed(
    before: Row, after: Row, expected: list[str]
) -> None:
    noon = at("12:00")
    assert told(version(at("0:00", -9), noon, before), version(noon, EVER, after)) == expected


def test_a_cluster_that_is_retired_and_a_team_that_is_suppressed_are_changes_of_the_policy() -> None:
    noon = at("12:00")
    new = version(noon, EVER, retired_clusters=["eu-1"], suppressed_teams=["shop"], advisories=["near_limit"])
    assert told(version(at("0:00", -9), noon, suppressed_teams=["pay"]), new) == [
        "retired_clusters of all: eu-1: not retired → eu-1: retired, weaker",
        "suppressed_teams of all: pay: suppressed → pay: not suppressed, stricter",
        "suppressed_teams of all: shop: not suppressed → shop: suppressed, weaker",
        "advisories of all: near_limit: not reported → near_limit: reported, other",
    ]


def test_a_change_names_all_its_commits_once_or_none() -> None:
    noon, evening = at("12:00"), at("18:00")
    second = MADE | {"commit": "beef", "ticket": None}
    rows = [
        *version(at("0:00", -9), noon),
        *version(noon, evening, {"defaults": {"tolerance_count": 1}}, [MADE, second]),
        *version(evening, EVER, {"defaults": {"tolerance_count": 2}}, []),
    ]
    named, unknown = (one.row for one in policy_changes(rows, at("0:00"), at("0:00", 1)))
    assert (named["commits"], named["authors"], named["tickets"]) == ("c0ffee beef", "Ana <ana@shop>", "CAP-7")
    assert (unknown["commits"], unknown["authors"], unknown["tickets"]) == ("", "", "")
    assert (named["changed_at"], unknown["changed_at"]) == (noon, evening)


def test_what_was_changed_outside_of_the_period_and_the_first_version_are_not_said() -> None:
    noon = at("12:00")
    rows = [*version(at("0:00", -9), noon), *version(noon, EVER, {"defaults": {"tolerance_count": 1}})]
    assert policy_changes(rows, at("0:00"), noon) == []
    assert policy_changes(rows, at("12:05"), EVER) == []
    assert len(policy_changes(rows, noon, at("12:05"))) == 1
    assert policy_changes(version(at("0:00"), EVER), at("0:00"), EVER) == []
