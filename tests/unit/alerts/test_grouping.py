"""Storms, reminders, exemptions that end, going live: told as one, again, ahead or late (docs/design.md#alerts)."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedwatch.alerts.message_lookup import Exemption
from pedwatch.alerts.notifications import Notification
from pedwatch.alerts.observed import Observation
from pedwatch.alerts.reminders import reminders_due
from pedwatch.config import Slack
from pedwatch.cycles import PERIOD
from tests.golden_messages import ORDERS, at, blind, dark, seen
from tests.unit.alerts.watching import TEAMS, Watch, all_seen, of_team, routes


def reasons(rows: Iterable[Notification]) -> list[tuple[str, str]]:
    """Return why and how each row is told."""
    return [(row.reason, row.status) for row in rows]


@pytest.mark.parametrize(("count", "messages"), [(10, 10), (11, 1)], ids=["ten are ten messages", "eleven are one"])
def test_more_than_ten_at_once_are_a_storm(count: int, messages: int) -> None:
    watch = Watch()
    watch.go(*all_seen(1, 12, count))
    rows = watch.go(*all_seen(2, 12, count))
    assert sum(row.status == "unsent" for row in rows) == messages
    assert {row.episode_id for row in rows} >= set(watch.episodes), "each is accounted for in the outbox"


def test_members_name_the_message_that_tells_them_and_have_no_parent() -> None:
    watch = Watch()
    watch.go(*all_seen(1, 12, 12))
    storm, *members = watch.go(*all_seen(2, 12, 12))
    assert (storm.reason, storm.status, len(members)) == ("storm", "unsent", 12)
    assert {(row.status, row.told_by) for row in members} == {("grouped", storm.notification_id)}
    assert watch.go(*all_seen(3, 12, 12)) == [], "told once"


def test_members_resolve_in_the_storms_thread() -> None:
    watch = Watch()
    for cycle in (1, 2):
        watch.go(*all_seen(cycle, 12, 12))
    [first, *_] = watch.rows
    watch.go(*all_seen(3, 12, 12)[5:], *all_seen(3, 9, 5))
    some = watch.go(*all_seen(4, 12, 12)[5:], *all_seen(4, 9, 5))
    assert Counter(reasons(some)) == {("storm", "unsent"): 1, ("resolved", "grouped"): 5}
    assert (some[0].episode_id, some[0].sequence) == (first.episode_id, 2)
    assert "7 of 12 APIs" in some[0].message.text and "api-004" in some[0].message.thread
    watch.go(*all_seen(5, 9, 12))
    rest = watch.go(*all_seen(6, 9, 12))
    assert Counter(reasons(rest)) == {("resolved", "unsent"): 1, ("resolved", "grouped"): 7}
    assert watch.go(*all_seen(7, 9, 12)) == []


def test_a_member_that_gets_worse_is_news_in_the_storms_thread() -> None:
    watch = Watch()
    for cycle in (1, 2):
        watch.go(*all_seen(cycle, 12, 12))
    rows = watch.go(*all_seen(3, 12, 12)[1:], *all_seen(3, 19, 1))
    assert reasons(rows) == [("storm", "unsent"), ("worse", "grouped")]
    assert "api-000: 19 of 10" in rows[0].message.thread and "critical" in rows[0].message.thread


def test_300_at_once_over_five_teams_are_five_messages_and_all_are_accounted_for() -> None:
    watch = Watch()
    for cycle in (1, 2):
        rows = watch.go(*(item for team in TEAMS for item in all_seen(cycle, 12, 60, team)))
    assert Counter(row.channel for row in rows if row.status == "unsent") == {f"C0{t.upper()}": 1 for t in TEAMS}
    assert sum(row.status == "grouped" for row in rows) == 300
    assert len({row.notification_id for row in rows}) == 305


def test_another_teams_storm_does_not_swallow_mine() -> None:
    watch = Watch()
    for cycle in (1, 2):
        rows = watch.go(*all_seen(cycle, 12, 20, "growth"), *all_seen(cycle, 12, 1))
    assert Counter(r.reason for r in rows if r.status == "unsent") == {"storm": 1, "first": 1}


def test_teams_nobody_knows_storm_too_where_they_are_told() -> None:
    watch = Watch()
    for cycle in (1, 2):
        rows = watch.go(*all_seen(cycle, 12, 30, "newcomers"))
    assert [(r.reason, r.channel) for r in rows if r.status == "unsent"] == [("storm", "C0PLATFORM")]


HOUR = 12  # cycles


@pytest.mark.parametrize(
    ("hours", "due"),
    [(3.9, 0), (4, 1), (23.9, 1), (24, 2), (167, 2), (168, 3), (335, 3), (336, 4)],
    ids=["not yet", "4 h", "a quiet day", "1 d", "a quiet week", "7 d", "another quiet week", "every 7 d"],
)
def test_reminders_back_off(hours: float, due: int) -> None:
    watch = Watch()
    for cycle in (1, 2):
        watch.go(seen(cycle, 12))
    [episode] = watch.episodes.values()
    assert reminders_due(episode, at(2) + dt.timedelta(hours=hours), routes()) == due
    assert reminders_due(episode, at(2) + dt.timedelta(hours=hours), routes(reminder_hours=[])) == 0


def test_a_reminder_is_told_once_and_what_was_missed_is_not_made_up_for() -> None:
    watch = Watch()
    for cycle in (1, 2):
        watch.go(seen(cycle, 12))
    assert reasons(watch.go(seen(60, 12), cycle=60)) == [("reminder", "unsent")]
    assert watch.go(seen(61, 12)) == []
    after_an_outage = watch.go(seen(200 * HOUR, 12), cycle=200 * HOUR)
    assert reasons(after_an_outage) == [("reminder", "unsent")], "one, not the two that fell due"


def test_news_at_the_time_of_a_reminder_is_the_reminder() -> None:
    watch = Watch()
    for cycle in (1, 2):
        watch.go(seen(cycle, 12))
    assert reasons(watch.go(seen(60, 19), cycle=60)) == [("worse", "unsent")]
    assert watch.go(seen(61, 19)) == []


def test_a_blind_clusters_apis_are_not_reminded_of_but_their_end_is_told() -> None:
    subject = replace(ORDERS, cluster="us-prod-1")
    watch = Watch()
    for cycle in (1, 2):
        watch.go(seen(cycle, 12, subject=subject))
    dark = [
        replace(item, observation=replace(item.observation, cycle=at(60 + n))) for n, item in enumerate(blind("fff"))
    ]
    for number, item in enumerate(dark):
        rows = watch.go(item, cycle=60 + number)
    assert [(row.reason, row.channel) for row in rows if row.channel == "C0PLATFORM"] == [("first", "C0PLATFORM")]
    assert [row.reason for row in watch.rows if row.channel == "C0ORDERS"] == ["first", "reminder"]
    watch.go(seen(63, 8, subject=subject))
    [ended, *_] = [row for row in watch.go(seen(64, 8, subject=subject)) if row.channel == "C0ORDERS"]
    assert ended.reason == "resolved"


def frozen(cycle: int, reason: str) -> Any:
    """Return a cycle in which it was not judged."""
    return seen(cycle, None, reason=reason)


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ([frozen(3, "limit_withdrawn"), frozen(4, "limit_withdrawn")], ["first", "frozen"]),
        ([frozen(3, "labels_removed"), seen(4, 12)], ["first", "frozen", "judged_again"]),
        ([frozen(3, "no_limit_matches"), seen(4, 8), seen(5, 8)], ["first", "frozen", "resolved"]),
        ([frozen(3, "cluster_failed"), frozen(4, "cluster_failed"), seen(5, 12)], ["first"]),
        ([frozen(3, "new_workload"), seen(4, 12)], ["first"]),
    ],
    ids=["said once", "and that it is judged again", "it ended meanwhile", "a dark cluster tells of itself", "grace"],
)
def test_what_freezes_an_episode_until_somebody_acts_is_said(items: list[Any], told: list[str]) -> None:
    assert played(Watch(), seen(1, 12), seen(2, 12), *items) == told


def until(cycle: int) -> Exemption:
    """Return an exemption that ends three days after a cycle."""
    return Exemption("sale", at(cycle) + dt.timedelta(days=3), "winter sale", "ana", "T-1", 20)


def exempt(cycle: int, measured: int = 14) -> Any:
    """Return a cycle that an exemption allows."""
    return seen(cycle, measured, seen="exempt", ceiling=20)


def played(watch: Watch, *items: Any) -> list[str]:
    """Play one observation a cycle and return why something was told."""
    return [row.reason for number, item in enumerate(items, 1) for row in watch.go(item, cycle=number)]


def test_an_exemption_that_ends_is_announced_three_days_before_once() -> None:
    watch = Watch(exemption=until(5))
    told = played(watch, seen(1, 14), seen(2, 14), *(exempt(n) for n in range(3, 9)))
    assert told == ["first", "exempted", "exemption_ending"]
    assert "ends in 3 d" in watch.rows[-1].message.thread and "ana, T-1" in watch.rows[-1].message.text


def test_what_was_exempt_from_the_start_is_announced_too_and_ends_quietly() -> None:
    watch = Watch(exemption=until(2))
    assert watch.go(exempt(1)) == []
    assert reasons(watch.go(exempt(2))) == [("exemption_ending", "unsent")]
    assert watch.go(exempt(3)) == []
    assert reasons(watch.go(seen(4, 8))) == [("resolved", "unsent")]
    assert "is within its limit" in watch.rows[-1].message.text


def test_an_announced_exemption_that_ends_while_over_fires_in_the_same_thread() -> None:
    watch = Watch(exemption=until(1))
    watch.go(exempt(1))
    [fired] = watch.go(seen(2, 14))
    assert (fired.reason, fired.sequence) == ("exemption_ended", 2)


def test_muting_never_swallows_the_resolved_notice() -> None:
    watch = Watch(exemption=until(900))
    told = played(watch, seen(1, 14), seen(2, 14), exempt(3), exempt(4), seen(5, 8), seen(6, 8))
    assert told == ["first", "exempted", "resolved"]


def test_a_day_of_shadow_then_live_tells_what_is_open_once() -> None:
    watch = Watch(routes("suppressed"))
    ended, open_still = of_team("orders", 2)
    for cycle in (1, 2):
        watch.go(seen(cycle, 12, subject=ended), seen(cycle, 12, subject=open_still))
    for cycle in (3, 4):
        watch.go(seen(cycle, 8, subject=ended), seen(cycle, 12, subject=open_still))
    assert {row.status for row in watch.rows} == {"suppressed"}
    watch.slack = routes()
    day = 24 * HOUR
    [live] = watch.go(seen(day, 13, subject=open_still), cycle=day)
    assert (live.reason, live.status, live.channel) == ("first", "unsent", "C0ORDERS")
    assert watch.go(seen(day + 1, 13, subject=open_still)) == []
    watch.go(seen(day + 2, 8, subject=open_still))
    assert reasons(watch.go(seen(day + 3, 8, subject=open_still))) == [("resolved", "unsent")]


def test_going_live_with_many_open_is_a_storm() -> None:
    watch = Watch(routes("suppressed"))
    for cycle in (1, 2):
        watch.go(*all_seen(cycle, 12, 30))
    watch.slack = routes()
    rows = watch.go(*all_seen(3, 12, 30))
    assert Counter(reasons(rows)) == {("storm", "unsent"): 1, ("first", "grouped"): 30}


def test_back_into_shadow_what_was_told_is_told_to_its_end() -> None:
    watch = Watch()
    for cycle in (1, 2):
        watch.go(seen(cycle, 12))
    watch.slack = routes("suppressed")
    watch.go(seen(3, 8))
    assert reasons(watch.go(seen(4, 8))) == [("resolved", "unsent")]


def test_a_late_comparison_leaves_everyone_with_what_is_true_now() -> None:
    """Compare was retried for 40 minutes: eight cycles without a say, then one fold over all of them."""
    watch = Watch()
    gone, stays, new = of_team("orders", 3)
    for cycle in (1, 2):
        watch.go(seen(cycle, 12, subject=gone), seen(cycle, 12, subject=stays))
    late = [
        *(seen(n, 8, subject=gone) for n in range(3, 11)),
        *(seen(n, 12, subject=stays) for n in range(3, 11)),
        *(seen(n, 12, subject=new) for n in range(6, 11)),
    ]
    rows = watch.go(*late, cycle=10)
    assert sorted(row.reason for row in rows) == ["first", "resolved"]
    assert watch.go(*(seen(11, 12, subject=s) for s in (stays, new)), seen(11, 8, subject=gone)) == []


def test_a_backfill_of_288_cycles_writes_nothing() -> None:
    watch = Watch()
    assert [watch.go(seen(n, 20), may_notify=False) for n in range(1, 289)] == [[]] * 288
    assert watch.rows == []
    assert reasons(watch.go(seen(289, 20))) == [("first", "unsent")], "the next live run tells what is open"


def test_200_clusters_dark_for_one_cause_are_two_messages_one_when_they_go_and_one_when_they_return() -> None:
    watch = Watch()
    for cycle, letter in enumerate("ccfffffcc", 1):
        watch.go(*(item for item in dark("c" * (cycle - 1) + letter) if item.observation.cycle == at(cycle)))
    told = [row for row in watch.rows if row.status == "unsent"]
    assert reasons(told) == [("storm", "unsent"), ("resolved", "unsent")]
    assert told[0].episode_id == told[1].episode_id, "in one thread"
    assert [len(row.message.table) for row in told] == [4, 0]
    assert "200 clusters" in told[0].message.summary and "may not list" in told[0].message.summary
    assert sorted((name, count) for name, count, *_ in told[0].message.table[1:]) == [
        ("dev", "40"),
        ("prod", "120"),
        ("staging", "40"),
    ]
    assert "200 clusters" in told[1].message.summary
    assert sum(row.status == "grouped" for row in watch.rows) == 400, "each is accounted for in the outbox"


@pytest.mark.parametrize(("count", "messages"), [(3, 3), (4, 1)], ids=["three are three messages", "four are one"])
def test_more_than_three_clusters_dark_at_once_are_one_message(count: int, messages: int) -> None:
    watch = Watch()
    for cycle in (1, 2, 3):
        rows = watch.go(*(item for item in dark("fff", count) if item.observation.cycle == at(cycle)))
    assert sum(row.status == "unsent" for row in rows) == messages


def test_clusters_that_follow_for_the_same_cause_join_and_for_another_do_not() -> None:
    watch = Watch()
    another = [replace(i, observation=replace(i.observation, offender="dns")) for i in dark("ffff", 5, 300)]
    items = [*dark("fffff", 10), *dark("cffff", 2, 100), *another]
    for cycle in range(1, 6):
        watch.go(*(item for item in items if item.observation.cycle == at(cycle)))
    told = [row for row in watch.rows if row.status == "unsent"]
    assert [(row.cycle, row.reason, row.sequence) for row in told] == [
        (at(3), "storm", 1),
        (at(3), "storm", 1),
        (at(4), "storm", 2),
    ]
    assert "2 clusters more: eu-prod-100, eu-prod-101" in told[2].message.thread
    assert "12 clusters" in told[2].message.summary


def played_dark(*items: Any, slack: Slack | None = None) -> list[Notification]:
    """Play clusters that are dark and return what goes out, in its order."""
    watch = Watch(slack or routes())
    for cycle in range(1, max(round((item.observation.cycle - at(0)) / PERIOD) for item in items) + 1):
        watch.go(*(item for item in items if item.observation.cycle == at(cycle)))
    return [row for row in watch.rows if row.status == "unsent"]


def test_200_clusters_that_return_over_five_cycles_are_one_word_when_they_go_and_one_when_they_are_back() -> None:
    waves = [dark("fff" + "f" * wave + "c" * (6 - wave), 40, 40 * wave) for wave in range(5)]
    first, *some, last = played_dark(*(item for wave in waves for item in wave))
    assert [row.reason for row in some] == ["some_back"] * 4, "the parent alone shows it"
    assert {row.episode_id for row in (*some, last)} == {first.episode_id}
    still = ["160 clusters of 200", "120 clusters of 200", "80 clusters of 200", "40 clusters of 200"]
    assert [row.message.summary.split(" could")[0] for row in some] == still
    assert last.reason == "resolved"
    assert last.message.thread == "Resolved: all 200 clusters are seen again after 35 min."


def test_that_some_stay_dark_is_told_once_and_by_the_reminders() -> None:
    items = [*dark("fff" + "c" * 60, 4), *dark("f" * 63, 2, 50), *dark("ffff" + "c" * 59, 1, 60)]
    told = [(row.cycle, row.reason, row.message.thread) for row in played_dark(*items)]
    assert told == [
        (at(3), "storm", ""),
        (at(4), "some_back", told[1][2]),
        (at(5), "some_back", told[2][2]),
        (at(8), "storm", "5 of 7 clusters are seen again; still dark after 35 min: eu-prod-050, eu-prod-051."),
        (at(51), "storm", "5 of 7 clusters are seen again; still dark after 4 h 10 min: eu-prod-050, eu-prod-051."),
    ]


def test_a_cluster_that_is_retired_by_name_is_not_called_seen() -> None:
    items = [*dark("fffc", 3), *(replace(i, observation=retired(i.observation)) for i in dark("fffc", 1, 50))]
    *_, last = played_dark(*items)
    assert last.message.thread == "Resolved: all 4 clusters are seen again, or retired by name (1) after 15 min."


def retired(observation: Observation) -> Observation:
    """Return the fourth cycle of a cluster as that in which it was retired."""
    return replace(observation, seen="retired") if observation.cycle == at(4) else observation


def test_copies_are_told_of_the_first_and_the_last_alone() -> None:
    slack = routes(platform_also=["mailto:ops@shop.example", "webhook:pager"])
    told = played_dark(*dark("fffcc", 4), *dark("ffffc", 1, 50), slack=slack)
    by_channel = Counter((row.channel.partition(":")[0], row.reason) for row in told)
    assert by_channel == {
        ("C0PLATFORM", "storm"): 1,
        ("C0PLATFORM", "some_back"): 1,
        ("C0PLATFORM", "resolved"): 1,
        ("mailto", "storm"): 1,
        ("mailto", "resolved"): 1,
        ("webhook", "storm"): 1,
        ("webhook", "resolved"): 1,
    }


CALM = "c" * 8
"""Nothing that goes on and off resolves before."""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("cf", min_size=9, max_size=9), min_size=3, max_size=6))
def test_however_clusters_go_and_return_each_storm_ends_and_says_little(seen_as: list[str]) -> None:
    watch = Watch(routes(clusters_above=2))
    items = [item for first, letters in enumerate(seen_as) for item in dark(f"fff{letters}{CALM}", 1, first)]
    for cycle in range(1, 13 + len(CALM)):
        watch.go(*(item for item in items if item.observation.cycle == at(cycle)))
    assert {told.phase for told in watch.told.values()} <= {"resolved"}, "nobody is left dark for the channel"
    for storm in {row.episode_id for row in watch.rows if row.reason == "storm"}:
        said = [row for row in watch.rows if row.episode_id == storm and row.reason != "some_back"]
        joined = sum("more:" in row.message.thread for row in said)
        assert len(said) - joined <= 3, "when they go, that some stay, when the last is back"
        [last] = [row for row in said if row.reason == "resolved"]
        assert last is said[-1] and "are seen again" in last.message.thread
