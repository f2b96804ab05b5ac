"""What an audit may be asked for: sane without a word, and a clear answer to every wrong one."""

import datetime as dt
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.audit.request import AuditRequest, check_names, request_of_run
from pedwatch.errors import AuditError

NOW = dt.datetime(2026, 3, 10, 9, 30, tzinfo=dt.UTC)


def moment(day: int, hour: int = 0) -> dt.datetime:
    """Return a moment of March 2026, UTC."""
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


def asked(params: dict[str, Any], interval: Any = None, timezone: str = "UTC") -> AuditRequest:
    """Return what a run with these params audits."""
    return request_of_run(params, interval, NOW, timezone)


def test_without_a_word_it_is_yesterday_as_known_then() -> None:
    request = asked({})
    assert (request.start, request.end, request.folder) == (moment(9), moment(10), "2026-03-09")
    assert (request.label, request.counted, request.known_at, request.teams, request.apis) == (
        "daily",
        "then",
        None,
        (),
        (),
    )


def test_a_run_with_an_interval_audits_that() -> None:
    assert asked({}, (moment(2), moment(3))).folder == "2026-03-02"
    assert asked({}, (moment(2), moment(2))).folder == "2026-03-09", "an interval of no length is none"


def test_days_are_those_of_the_reports_time_zone_also_when_clocks_change() -> None:
    interval = (moment(4, 23), moment(5, 23))
    assert asked({}, interval, "Europe/Vienna").folder == "2026-03-05"
    later = dt.datetime(2026, 4, 2, tzinfo=dt.UTC)
    spring = request_of_run({"from_date": "2026-03-29"}, None, later, "Europe/Vienna")
    assert (spring.end - spring.start, spring.folder) == (dt.timedelta(hours=23), "2026-03-29")


@pytest.mark.parametrize(
    ("zone", "day"), [("Atlantic/Azores", "2026-10-25"), ("America/Havana", "2026-11-01")], ids=["Azores", "Havana"]
)
@pytest.mark.parametrize("fold", [0, 1], ids=["first midnight", "second midnight"])
def test_a_day_with_two_midnights_is_one_folder_and_one_period(zone: str, day: str, fold: int) -> None:
    """The cron timetable means the second one: its interval of the day before has 25 hours."""
    later, date, one = dt.datetime(2026, 11, 9, tzinfo=dt.UTC), dt.date.fromisoformat(day), dt.timedelta(days=1)
    edges = [
        dt.datetime.combine(date + n * one, dt.time(fold=fold), ZoneInfo(zone)).astimezone(dt.UTC) for n in (-1, 0, 1)
    ]
    packs = [request_of_run({}, interval, later, zone) for interval in pairwise(edges)]
    assert [pack.folder for pack in packs] == [f"{date - one}", day]
    assert packs[0].end == packs[1].start and packs[1].end - packs[1].start == dt.timedelta(hours=25)
    by_hand = [request_of_run({"from_date": pack.folder}, None, later, zone) for pack in packs]
    assert [(pack.start, pack.end) for pack in by_hand] == [(pack.start, pack.end) for pack in packs]


def test_a_period_of_days_includes_its_last_one() -> None:
    request = asked({"from_date": "2026-03-02", "to_date": "2026-03-08"}, (moment(2), moment(3)))
    assert (request.start, request.end, request.folder) == (moment(2), moment(9), "2026-03-02_2026-03-08")


def test_a_known_moment_is_counted_as_now_at_that_time() -> None:
    request = asked({"known_at": "2026-03-04T12:00:00+01:00"})
    assert (request.counted, request.known_at) == ("now", moment(4, 11))


@pytest.mark.parametrize(
    ("params", "says"),
    [
        (
            {"from_date": "2026-03-03", "to_date": "2026-03-02"},
            "Last day .*is 2026-03-02, before First day .*, which is 2026-03-03: exch",
        ),
        (
            {"from_date": "2026-03-10"},
            "still to come.*Set First day .*to 2026-03-09 or earlier, and Last day",
        ),
        (
            {"to_date": "2026-03-02"},
            "Last day .*is 2026-03-02 and First day .* is empty: fill in both",
        ),
        ({"from_date": "2026-03-08", "to_date": "2026-03-11"}, r"Set Last day \(to_date\) to 2026-03-09 or earlier"),
        ({"from_date": "2.3.2026"}, r"First day \(from_date\) is '2.3.2026': write a day as 2026-03-02"),
        ({"from_date": "2024-01-01", "to_date": "2026-03-01"}, "observations are kept for 400"),
        (
            {"from_date": "2024-01-01", "to_date": "2024-01-03"},
            "of older days the packs in the bucket are what is left",
        ),
        ({"label": "../secrets"}, "use lower-case letters"),
        ({"label": 7}, "use lower-case letters"),
        ({"known_at": "2026-03-02T10:00:00"}, "Limits as known .*: write then, now, or a time such as"),
        ({"teams": ["orders"]}, "whose packs are of all teams and APIs.* Write a label of your own"),
        ({"teams": "orders"}, "write a list of names"),
        ({"apis": [""]}, "write a list of names"),
    ],
)
def test_what_is_wrong_is_named_with_the_fix(params: dict[str, Any], says: str) -> None:
    with pytest.raises(AuditError, match=says):
        asked(params)


def test_a_time_zone_nobody_knows_is_named() -> None:
    with pytest.raises(AuditError, match="report_timezone is 'Mars/Olympus'"):
        asked({}, timezone="Mars/Olympus")


def test_unknown_names_are_told_what_comes_close() -> None:
    request = asked({"label": "search", "teams": ["orders"], "apis": ["serach"]})
    with pytest.raises(AuditError, match="did you mean search"):
        check_names(request, ["orders"], ["search", "steady"])
    with pytest.raises(AuditError, match="there are none in the period"):
        check_names(request, [], [])
    check_names(request, ["orders"], ["serach"])


@given(
    first=st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1)),
    days=st.integers(0, 8),
    names=st.lists(st.text("abc-", min_size=1).filter(str.strip)),
    known=st.sampled_from(["then", "now", "2026-03-02T10:00:00Z"]),
)
def test_it_travels_between_tasks_unchanged(first: dt.date, days: int, names: list[str], known: str) -> None:
    period = {"from_date": first.isoformat(), "to_date": (first + dt.timedelta(days=days)).isoformat()}
    request = asked({**period, "label": "some", "teams": names, "known_at": known}, timezone="Europe/Vienna")
    assert AuditRequest.from_json(request.to_json()) == request
