"""How long a cycle is stands in one place: statements are told, and what is past is read from what was recorded."""

import ast
import datetime as dt
import re
from pathlib import Path

import pytest

from pedwatch import sql
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.manifests import MANIFEST_COLUMNS
from tests.oracle.worlds import policy_row
from tests.sql.case_files import moment
from tests.sql.googlesql import DATASET, SQL_ROOT
from tests.sql.test_cases import _load

_COMMENT = re.compile(r"--[^\n]*")
_FIVE = re.compile(r"\b5 MINUTE\b|\b300\b|\b288\b|\* 5\b|\b5 \*|[(,] 5\)")
OF_THE_PAST = ("audit/", "ddl/", "verdicts/judge_period", "verdicts/replay_period", "verdicts/explain")
PRODUCT = Path(sql.__file__).parent
MAY_DEFAULT = {"cycles", "sql", "sync", "surroundings", "episode_facts", "digest"}
"""Modules in which five minutes are what is taken where nobody says otherwise."""


def rendered(name: str, minutes: int) -> str:
    return _COMMENT.sub("", sql.render(SQL_ROOT, name, dataset=DATASET, cycle_minutes=minutes))


@pytest.mark.parametrize("minutes", [1, 60])
def test_no_statement_holds_the_five_minutes_of_a_cycle(minutes: int) -> None:
    names = sql.statement_names(SQL_ROOT)
    assert {name: found for name in names if (found := _FIVE.findall(rendered(name, minutes)))} == {}


def test_what_judges_the_past_does_not_know_how_long_cycles_are_now() -> None:
    """So a pack has the same bytes whatever the configuration says when it is written."""
    names = [name for name in sql.statement_names(SQL_ROOT) if name.startswith(OF_THE_PAST)]
    assert len(names) > 20
    assert [name for name in names if len({rendered(name, minutes) for minutes in (1, 5, 60)}) > 1] == []


def test_those_that_live_with_the_present_are_told() -> None:
    told = {name for name in sql.statement_names(SQL_ROOT) if rendered(name, 1) != rendered(name, 60)}
    assert told == {
        "alerts/commit_fold.sql",
        "alerts/commit_staged_fold.sql",
        "alerts/digest.sql",
        "alerts/fold_input.sql",
        "alerts/message_lookup.sql",
        "alerts/move_cursor.sql",
        "observations/record_collection.sql",
        "verdicts/advisories.sql",
        "verdicts/compare.sql",
    }


def test_modules_take_the_length_from_the_configuration() -> None:
    importing = {
        path.stem
        for path in PRODUCT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "pedwatch.cycles"
        if any(name.name == "PERIOD" for name in node.names)
    }
    assert importing <= MAY_DEFAULT


def test_every_minute_belongs_to_one_cycle_while_the_length_changes(tables: Warehouse) -> None:
    """Five minutes until 10:05, one from 10:08 to 10:11, and five again, two of them late."""
    lived = [("10:00", 5), ("10:05", 5), ("10:08", 1), ("10:09", 1), ("10:11", 1), ("10:20", 5), ("10:25", 5)]
    clusters = [{"cluster": "eu-prod-1", "environment": "prod", "project": None, "location": None}]
    kinds = dict.fromkeys(("cluster", "environment", "project", "location"), "STRING")
    for _ in range(2):
        for at, minutes in lived:
            config = tables.config.model_copy(update={"cycle_minutes": minutes})
            cycle = moment(at)
            Warehouse(tables.client, config, tables.sql_root).write(
                "observations/record_collection.sql",
                {
                    "cycle": cycle,
                    "recorded_at": cycle,
                    "manifests": Typed(MANIFEST_COLUMNS, []),
                    "configured": Typed(kinds, clusters),
                    "retired": Typed("ARRAY<STRING>", []),
                },
            )
    table = f"{tables.config.project}.{tables.config.dataset}.collection_runs"
    found = {f"{row['cycle']:%H:%M}": row["cycle_minutes"] for row in tables.client.list_rows(table)}
    short = dict.fromkeys(("10:06", "10:07", "10:08", "10:09", "10:10", "10:11"), 1)
    assert found == {"10:00": 5, "10:05": 5, **short, "10:15": 4, "10:20": 5, "10:25": 5}
    assert sum(found.values()) == 30, "from 9:55 to 10:25"


def test_a_period_is_judged_by_the_million_and_no_minute_for_itself(tables: Warehouse) -> None:
    """An hour, a minute, and an hour again: the parts of a period begin at cycles, wherever those are."""
    cycles = {"10:00": 60, "10:01": 1, "11:01": 60, "12:01": 60}
    rows = [
        {"cycle": moment(at), "cycle_minutes": minutes, "cluster": "eu-prod-1", "environment": "prod"}
        | {"status": "complete", "attempt_id": "a", "row_count": 400_000, "recorded_at": moment(at)}
        for at, minutes in cycles.items()
    ]
    _load(tables, "collection_runs", rows)
    _load(tables, "policy_history", [policy_row(None)])
    period = {"period_start": moment("09:00"), "period_end": moment("13:00"), "known_at": Typed("TIMESTAMP", None)}
    begun = dt.datetime.now(dt.UTC)
    assert tables.run("verdicts/judge_period.sql", period) == []
    [script] = [
        job
        for job in tables.client.list_jobs(min_creation_time=begun)
        if job.job_type == "query" and job.labels.get("pedwatch") == "verdicts-judge_period" and job.num_child_jobs
    ]
    asked = [child.query for child in tables.client.list_jobs(parent_job=script)]
    assert len([text for text in asked if "TEMP TABLE judged_cycles" in text]) == 2
