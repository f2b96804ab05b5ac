"""A day of a subject: counted, run-length coded, handed on when the next one begins."""

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pedwatch import settings
from pedwatch.audit.request import AuditRequest
from pedwatch.audit.subject_days import API_BUCKETS, SubjectDays, api_bucket
from pedwatch.cycles import PERIOD
from tests.unit.audit.shop_day import DAY, UNKNOWN, Row, over, verdict

OF_ORDERS = 62
"""The last two digits of 3,845,127,662: `printf orders | gzip -c | tail -c8 | od -An -N4 -tu4` says so, too."""


def days_of(verdicts: list[Row], timezone: str = "UTC") -> list[tuple[dt.date, list[dict[str, Any]]]]:
    taken: list[tuple[dt.date, list[dict[str, Any]]]] = []
    request = AuditRequest("daily", DAY, DAY + dt.timedelta(days=2), timezone)

    def take(day: dt.date, rows: Any, stretches: Any) -> None:
        """Both of a subject side by side."""
        assert [row["subject"] for row in rows] == [row["subject"] for row in stretches]
        taken.append((day, [row | of_it for row, of_it in zip(rows, stretches, strict=True)]))

    days = SubjectDays(request, take)
    for row in verdicts:
        days.add(row)
    days.close()
    return taken


def test_a_day_says_how_often_how_much_and_when() -> None:
    fields = [{}, over(14), over(14), {"surge_allowance": 2}, UNKNOWN, {"measured": 5, "hpa_max_replicas": 9}]
    [(day, [row])] = days_of([verdict(DAY + n * PERIOD, **given) for n, given in enumerate(fields)])
    assert day == row["day"] == DAY.date()
    counted = ("judged_cycles", "over_cycles", "strict_cycles", "unknown_cycles", "replica_minutes_over")
    assert [row[name] for name in counted] == [6, 2, 2, 1, 40]
    assert (row["peak_measured"], row["peak_cycle"]) == (14, DAY + PERIOD)
    assert (row["last_measured"], row["last_cycle"], row["hpa_max_replicas"]) == (5, DAY + 5 * PERIOD, 9)
    assert [(run["cycles"], run["verdict"], run["is_rollout"], run["is_blind"]) for run in row["runs"]] == [
        (1, "within_limit", False, False),
        (2, "over_limit", False, False),
        (1, "within_limit", True, False),
        (1, "unknown", False, True),
        (1, "within_limit", False, False),
    ]


def test_a_day_begins_at_the_reports_midnight() -> None:
    cycles = [DAY + dt.timedelta(hours=22, minutes=55), DAY + dt.timedelta(hours=23)]
    taken = days_of([verdict(cycle) for cycle in cycles], "Europe/Vienna")
    assert [day for day, _ in taken] == [dt.date(2026, 3, 2), dt.date(2026, 3, 3)]
    assert [rows[0]["from_cycle"] for _, rows in taken] == [
        DAY - dt.timedelta(hours=1),
        DAY + dt.timedelta(hours=23),
    ]


@given(st.lists(st.sampled_from([None, {}, over(11), UNKNOWN, {"measured": 3}]), max_size=40))
def test_stretches_unfold_to_what_was_judged(changes: list[Row | None]) -> None:
    judged = [verdict(DAY + n * PERIOD, **given) for n, given in enumerate(changes) if given is not None]
    unfolded = [
        (run["start"] + n * PERIOD, run["verdict"], run["measured"])
        for _, rows in days_of(judged)
        for row in rows
        for run in row["runs"]
        for n in range(run["cycles"])
    ]
    assert unfolded == [(row["cycle"], row["verdict"], row["measured"]) for row in judged]


def test_where_the_length_of_cycles_changes_each_counts_its_own_minutes() -> None:
    minutes = [(0, 5), (5, 5), (6, 1), (7, 1), (10, 5)]
    judged = [verdict(DAY + dt.timedelta(minutes=at), cycle_minutes=length, **over(14)) for at, length in minutes]
    [(_, [row])] = days_of(judged)
    assert (row["over_cycles"], row["over_minutes"], row["replica_minutes_over"]) == (5, 17, 68)
    runs = [((run["start"] - DAY).seconds // 60, run["cycles"], run["cycle_minutes"]) for run in row["runs"]]
    assert runs == [(0, 2, 5), (6, 2, 1), (10, 1, 5)]


def test_an_api_lies_in_the_same_partition_wherever_that_is_worked_out() -> None:
    assert (api_bucket("orders"), api_bucket(None), api_bucket("")) == (OF_ORDERS, 0, 0)
    assert {api_bucket(f"api-{number}") for number in range(5000)} == set(range(API_BUCKETS))
    table = settings.include_dir() / "sql" / "ddl" / "tables" / "subject_stretches.sql"
    assert f"GENERATE_ARRAY(0, {API_BUCKETS}, 1)" in table.read_text()
