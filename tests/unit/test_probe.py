"""What the probe asks with, what it may spend, and how it tells what came of it."""

import datetime as dt
import json

import pytest

from pedwatch import settings, sql
from pedwatch.declared_parameters import declared_types, kind_of
from pedwatch.errors import ProbeError
from pedwatch.probe import outcomes
from pedwatch.probe.outcomes import Allowance, Outcome

CYCLE = dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC)
ROOT = settings.include_dir() / "sql"


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("TIMESTAMP", "TIMESTAMP"),
        ("ARRAY<STRING>", "ARRAY<STRING>"),
        ("ARRAY<STRUCT<a INT64, b ARRAY<STRING>>>", {"a": "INT64", "b": "ARRAY<STRING>"}),
        (
            "ARRAY<STRUCT<a INT64, b ARRAY<STRUCT<c STRING, d BOOL>>, e DATE>>",
            {"a": "INT64", "b": {"c": "STRING", "d": "BOOL"}, "e": "DATE"},
        ),
    ],
)
def test_a_type_is_read_as_it_is_written(declared: str, kind: object) -> None:
    assert kind_of(declared) == kind


def test_a_struct_by_itself_is_not_known() -> None:
    with pytest.raises(ValueError, match="rows come as ARRAY<STRUCT"):
        kind_of("STRUCT<a INT64>")


@pytest.mark.parametrize("name", sql.statement_names(ROOT))
def test_every_statement_gets_a_value_for_each_of_its_parameters(name: str) -> None:
    text = sql.render(ROOT, name, dataset="d")
    assert outcomes.sample_parameters(text, CYCLE).keys() == declared_types(text).keys()


def test_a_period_begins_before_it_ends_and_rows_come_as_one() -> None:
    text = (
        "-- @period_start, @period_end TIMESTAMP; @rows ARRAY<STRUCT<a INT64, b ARRAY<STRUCT<c STRING>>>>; @m STRING."
    )
    values = {name: value for name, (_, value) in outcomes.sample_parameters(text, CYCLE).items()}
    assert values["period_start"] < values["period_end"] == CYCLE
    assert values["rows"] == [{"a": 1, "b": []}]


def test_what_is_spent_is_spent() -> None:
    allowance = Allowance(1000)
    allowance.check("a.sql", 1000)
    allowance.billed += 900
    with pytest.raises(
        ProbeError, match=r"stopped at b\.sql: it would read 200 B, and of --max-bytes 1000 B 100 B are"
    ):
        allowance.check("b.sql", 200)
    allowance.billed += 500
    with pytest.raises(ProbeError, match="0 B are left"):
        allowance.check("c.sql", 0)


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("500", 500), ("500MB", 500_000_000), ("1.5 GiB", 1_610_612_736), ("2tb", 2 * 10**12)]
)
def test_bytes_are_read_with_their_unit(text: str, count: int) -> None:
    assert outcomes.read_bytes(text) == count


@pytest.mark.parametrize("text", ["", "many", "5 parsecs", "-1GB", "GB"])
def test_what_is_no_number_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it like 500MB|less than nothing"):
        outcomes.read_bytes(text)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Resources exceeded. Reduce\nthe query.", "Resources exceeded."),
        ("Table p.d.t was not found\nin location EU", "Table p.d.t was not found in location EU"),
    ],
)
def test_a_refusal_is_told_by_its_first_sentence(text: str, first: str) -> None:
    assert outcomes.first_sentence(text) == first


def test_the_report_says_what_each_took_and_why_one_was_refused() -> None:
    found = [
        Outcome("BigQuery", "a.sql", "accepted", 1200, 30, 450, 2048, 10 * 1024**2),
        Outcome("BigQuery", "b.sql", "refused", 80, error="too complex"),
        Outcome("Slack", "every method", "skipped", error="name a channel"),
    ]
    head, first, second, why, *_ = outcomes.table(found)
    assert head.split() == ["elapsed", "plan", "slots", "processed", "billed"]
    assert first.split() == "✓ BigQuery a.sql 1200 ms 30 ms 450 ms 2.0 KiB 10 MiB".split()
    assert second.startswith("✗ BigQuery  b.sql") and why.strip() == "→ too complex"
    assert outcomes.summary(found) == "3 statements and calls: 1 accepted, 1 refused, 1 not asked; 10 MiB billed"
    told = json.loads(outcomes.as_json(found, None, {"project": "p"}))
    assert (told["project"], told["stopped"], told["outcomes"][0]["slot_ms"]) == ("p", None, 450)
