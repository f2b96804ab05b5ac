"""What goes on in a channel that is configured no more is told in the one of now: once, and to its end."""

import json
from collections import Counter
from typing import Any

import pytest

from pedwatch.alerts import limit_messages
from pedwatch.alerts.limit_messages import Rejected
from pedwatch.alerts.notifications import Notification, Told
from pedwatch.config import Slack
from pedwatch.cycles import PERIOD
from tests.golden_messages import at, dark
from tests.unit.alerts.watching import Watch, all_seen, routes

NEW = routes(teams={"orders": {"channel": "C0NEW", "mode": "team", "mention": "<!subteam^S0ORDERS>"}})
NEW_PLATFORM = routes(platform_channel="C0NEWPLATFORM")


def firing(count: int) -> Watch:
    """Return a watch in which so many APIs of a team were told to be over."""
    watch = Watch()
    for cycle in (1, 2):
        watch.go(*all_seen(cycle, 12, count))
    return watch


def sent(rows: list[Notification]) -> list[tuple[str, str]]:
    """Return what goes out of the rows, and where."""
    return [(row.reason, row.channel) for row in rows if row.status == "unsent"]


def test_the_end_of_what_was_told_in_a_channel_that_is_gone() -> None:
    watch = firing(1)
    watch.go(*all_seen(3, 8, 1))
    watch.slack = NEW
    [ended] = watch.go(*all_seen(4, 8, 1))
    assert (ended.reason, ended.channel, ended.sequence) == ("resolved", "C0NEW", 2)
    assert watch.go(*all_seen(5, 8, 1)) == []


def test_what_shadow_never_told_has_no_end_to_tell() -> None:
    watch = Watch(slack=routes("suppressed"))
    for cycle in (1, 2):
        watch.go(*all_seen(cycle, 12, 1))
    watch.go(*all_seen(3, 8, 1))
    watch.slack = NEW
    assert sent(watch.go(*all_seen(4, 8, 1))) == []


def test_a_storm_moves_with_all_that_go_on_and_ends_where_it_is_now() -> None:
    watch = firing(12)
    [storm, *_] = [row for row in watch.rows if row.reason == "storm"]
    watch.slack = NEW
    moved = watch.go(*all_seen(3, 12, 12))
    assert sent(moved) == [("storm", "C0NEW")] and Counter(r.status for r in moved)["grouped"] == 12
    assert moved[0].episode_id == storm.episode_id, "an alert that a webhook holds open is the same one"
    assert "12 APIs of orders went over" in moved[0].message.text and moved[0].message.mention
    assert watch.go(*all_seen(4, 12, 12)) == [], "told once"
    watch.go(*all_seen(5, 9, 12))
    ended = watch.go(*all_seen(6, 9, 12))
    assert sent(ended) == [("resolved", "C0NEW")] and "all 12 APIs" in ended[0].message.text


def test_a_storm_some_of_which_end_as_its_channel_goes_counts_each_once() -> None:
    watch = firing(12)
    watch.go(*all_seen(3, 12, 12)[5:], *all_seen(3, 9, 5))
    watch.slack = NEW
    moved = watch.go(*all_seen(4, 12, 12)[5:], *all_seen(4, 9, 5))
    assert sent(moved) == [("storm", "C0NEW")]
    assert "7 of 12 APIs of orders" in moved[0].message.text and moved[0].message.mention
    assert {row.channel for row in moved} == {"C0NEW"}
    assert Counter(row.reason for row in moved) == {"storm": 1, "resolved": 5, "first": 7}


def test_a_storm_of_a_team_that_goes_into_shadow_where_its_channel_is_no_more_ends_with_it() -> None:
    watch = firing(12)
    [storm, *_] = [row for row in watch.rows if row.reason == "storm"]
    watch.slack = routes(teams={"orders": {"channel": "C0NEW", "mode": "suppressed"}})
    rows = watch.go(*all_seen(3, 12, 12))
    told = Counter((row.reason, row.status) for row in rows)
    assert told == {("first", "suppressed"): 12, ("shadowed", "suppressed"): 1}
    assert watch.told[storm.episode_id].phase == "shadowed", "it does not go on for ever"
    assert watch.go(*all_seen(4, 12, 12)) == []
    watch.slack = NEW
    live = watch.go(*all_seen(5, 12, 12))
    assert sent(live) == [("storm", "C0NEW")] and live[0].episode_id != storm.episode_id, "live again, told anew"


def test_a_storm_of_a_team_that_goes_into_shadow_is_told_to_its_end_where_it_was_told() -> None:
    watch = firing(12)
    watch.slack = routes("suppressed")
    watch.go(*all_seen(3, 8, 12))
    assert sent(watch.go(*all_seen(4, 8, 12))) == [("resolved", "C0ORDERS")]


def test_clusters_dark_for_one_cause_move_with_the_platforms_channel_and_others_join_them() -> None:
    watch, items = Watch(), [*dark("fffffff", 5), *dark("ccccfff", 1, 50)]
    told = {}
    for cycle in range(1, 8):
        watch.slack = NEW_PLATFORM if cycle > 3 else routes()
        told[cycle] = watch.go(*(item for item in items if item.observation.cycle == at(cycle)))
    assert {cycle: sent(rows) for cycle, rows in told.items() if sent(rows)} == {
        3: [("storm", "C0PLATFORM")],
        4: [("storm", "C0NEWPLATFORM")],
        7: [("storm", "C0NEWPLATFORM")],
    }
    assert "5 clusters could not be seen" in told[4][0].message.summary
    assert told[7][0].message.thread.startswith("1 cluster more: eu-prod-050.")


@pytest.mark.parametrize(
    ("destination", "channel", "slack", "told"),
    [
        ("team", "C0ORDERS", routes(), []),
        ("team", "C0ORDERS", NEW, [("limit_rejected", "C0NEW")]),
        ("suppressed", "C0ORDERS", routes("suppressed"), []),
        ("suppressed", "C0ORDERS", routes(), [("limit_rejected", "C0ORDERS")]),
        ("team", "C0OLD", routes("suppressed"), []),
    ],
    ids=["its channel stands", "its channel is gone", "in shadow", "going live", "into shadow from a channel gone"],
)
def test_a_limit_that_is_still_rejected_is_told_where_nobody_has_heard_of_it(
    destination: Any, channel: str, slack: Slack, told: list[tuple[str, str]]
) -> None:
    state = {"phase": "rejected", "document_id": "prod:orders", "team_id": "orders", "reason": "x"}
    known = Told("e", 1, channel, destination, state | {"has_previous_limit": True})
    rows = limit_messages.rows_elsewhere([known], slack, at(1), [])
    assert sent(rows) == told
    for row in rows:
        assert row.sequence == 2 and "not valid: x" in row.message.text
        again = Told("e", 2, row.channel, row.destination, json.loads(row.told_state))
        assert limit_messages.rows_elsewhere([again], slack, at(2), []) == [], "once"


def test_a_rejected_limit_is_told_to_its_end_in_the_channel_of_now() -> None:
    def said(slack: Slack, standing: dict[str, Rejected], told: dict[str, Told]) -> list[tuple[str, str, str]]:
        rows = limit_messages.rows({"prod:orders": "orders"}, standing, told, slack, at(1), PERIOD, [])
        return [(row.reason, row.channel, row.status) for row in rows]

    for destination, status, channel in (("team", "unsent", "C0NEW"), ("suppressed", "suppressed", "C0ORDERS")):
        state = {"phase": "rejected", "reason": "x"}
        told = {"prod:orders": Told("e", 1, "C0ORDERS", destination, state)}  # type: ignore[arg-type]
        assert said(NEW, {}, told) == [("limit_accepted", channel, status)]
        assert said(NEW, {"prod:orders": Rejected("y", True)}, told) == [("limit_rejected", channel, status)]
