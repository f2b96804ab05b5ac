"""Who may send a digest, when, and what it proves (docs/design.md#d9)."""

import datetime as dt
from dataclasses import replace

import pytest

from pedwatch.alerts.digest import compose, notifications, proof
from pedwatch.settings import include_dir
from pedwatch.tasks.digest import may_tell
from tests.golden_messages import SLACK, START, busy, found, late_only

DUE = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("run_type", "allow", "hours", "may"),
    [
        ("scheduled", False, 0, True),
        ("scheduled", False, 5.9, True),
        ("scheduled", True, 6, False),
        ("scheduled", True, -1, False),
        ("manual", False, 0, False),
        ("manual", True, 100, True),
        ("backfill", True, 0, False),
        ("asset_triggered", True, 0, False),
        ("unheard_of", True, 0, False),
    ],
)
def test_the_default_is_to_deny(run_type: str, allow: bool, hours: float, may: bool) -> None:
    assert may_tell(run_type, allow, DUE, DUE + dt.timedelta(hours=hours))[0] is may


def test_it_ends_with_proof() -> None:
    assert proof(busy(7)) == "firing 7, told 7, unsent 0, coverage 99.7 %"
    row = busy(1).firing[0] | {"is_told": False}
    untold = found(firing=[row], unsent=1, dead=2, coverage=None)
    assert proof(untold) == "firing 1, told 0, unsent 1, undeliverable 2, coverage unknown"


def test_each_team_reads_its_own_and_the_platform_reads_all() -> None:
    rows = notifications(busy(), SLACK, START.date(), "UTC", START)
    assert [(row.channel, row.team_id) for row in rows] == [("C0PLATFORM", None), ("C0ORDERS", "orders")]
    again = notifications(busy(), SLACK, START.date(), "UTC", START)
    assert [row.notification_id for row in again] == [row.notification_id for row in rows], "one a day"
    tomorrow = notifications(busy(), SLACK, START.date() + dt.timedelta(days=1), "UTC", START)
    assert not {row.notification_id for row in tomorrow} & {row.notification_id for row in rows}
    assert busy().of_team("growth").is_clear


def test_a_team_that_is_not_live_has_no_digest_of_its_own() -> None:
    slack = SLACK.model_copy(
        update={"teams": {"orders": SLACK.teams["orders"].model_copy(update={"mode": "platform"})}}
    )
    rows = notifications(busy(), slack, START.date(), "UTC", START)
    assert [(row.channel, row.team_id) for row in rows] == [("C0PLATFORM", None)]


def test_times_are_those_of_the_report() -> None:
    text = compose(busy(), "orders", START.date(), "Asia/Tokyo").text
    assert "since Mon 02 Mar 19:00" in text and "Times in: Asia/Tokyo" in text


def test_late_observations_are_the_platforms_and_those_teams_whose_apis_were_unknown() -> None:
    dark = found(late_observations=[row | {"team_ids": ["orders", "search"]} for row in late_only().late_observations])
    assert not dark.is_clear and not dark.of_team("orders").is_clear
    assert dark.of_team("growth").is_clear
    platform, orders = notifications(late_only(), SLACK, START.date(), "UTC", START)
    assert "Observations that arrived late (2): us-prod-1: 1 cycle, Mon 02 Mar 10:05, known" in platform.message.text
    assert orders.message.text.startswith("Digest of Monday, 02 March 2026: all clear for orders")


@pytest.mark.parametrize("what", ["late_changes", "late_observations"])
def test_what_came_late_names_where_to_see_what_it_changes(what: str) -> None:
    late = found(**{what: getattr(busy(), what)})
    assert '"Differences from what was judged live"' in compose(late, "all teams", START.date(), "UTC").text
    calm = found(near=busy().near)
    assert "Differences" not in compose(calm, "all teams", START.date(), "UTC").text


def test_the_digest_names_the_reports_section_as_the_report_does() -> None:
    page = (include_dir() / "report" / "report.html").read_text(encoding="utf-8")
    assert '<h2 id="differences">Differences from what was judged live</h2>' in page


@pytest.mark.parametrize(
    ("later", "since"),
    [
        (dt.timedelta(hours=2), "no cycle since 10:00,"),
        (dt.timedelta(hours=20), "no cycle since Mon 02 Mar 10:00,"),
        (dt.timedelta(hours=72), "no cycle since Mon 02 Mar 10:00,"),
    ],
)
def test_nothing_is_clear_when_nothing_is_judged(later: dt.timedelta, since: str) -> None:
    text = compose(found(asked_at=START + later, coverage=0.0), "orders", START.date(), "UTC").text
    assert since in text and "all clear" not in text and "coverage 0.0 %" in text
    never = compose(found(judged=None, coverage=None), "orders", START.date(), "UTC").text
    assert "no cycle has been judged yet" in never and "all clear" not in never


def test_a_cycle_or_two_that_are_missing_leave_the_rest_clear() -> None:
    late = found(asked_at=START + dt.timedelta(minutes=19))
    assert "all clear" in compose(late, "orders", START.date(), "UTC").text


def test_what_was_over_before_the_silence_is_listed_as_of_then() -> None:
    text = compose(replace(busy(), asked_at=START + dt.timedelta(hours=2)), "orders", START.date(), "UTC").text
    assert "what follows is as of then. Over now (2)" in text
