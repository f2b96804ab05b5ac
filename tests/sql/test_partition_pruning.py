"""Every statement prunes the partitioned tables it reads: by a condition on the partition column that BigQuery knows
before it begins, which is one of literals and parameters. A subquery or a join's other side comes too late.

Read off the rendered text, apart from what the stand-in refuses for tables that require a filter.
"""

import re
from collections.abc import Iterator

import pytest
from sqlglot import exp

from bench.plan_size import statements_of
from pedwatch import sql
from tests.sql.googlesql import DATASET, SQL_ROOT

_COMPARISONS = (exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_PARTITION = re.compile(r"^PARTITION BY (?:(?:DATE|TIMESTAMP_TRUNC|RANGE_BUCKET)\()?(\w+)", re.MULTILINE)
STATEMENTS = [name for name in sql.statement_names(SQL_ROOT) if not name.startswith("ddl/")]
VARIABLES = ("v_from", "v_to", "v_prior_cycle")
"""Of scripts: BigQuery takes a script's variable for a constant of its statements."""

OF_A_CYCLE = (
    "observations/before_load.sql",
    "limits/known_at.sql",
    "observations/record_collection.sql",
    "verdicts/compare.sql",
    "alerts/fold_input.sql",
    "alerts/message_lookup.sql",
    "alerts/move_cursor.sql",
    "alerts/commit_fold.sql",
    "alerts/lease_notifications.sql",
    "alerts/record_sends.sql",
    "heartbeats/record_heartbeat.sql",
)
"""What ped_replica_watch runs; tests/operators/test_watch_statements.py holds it against a run."""

SMALL = "limit_sync_runs AS "
"""A row a sync: audits, syncs and checks may read all of it, but no cycle."""

OUTBOX = ("notifications AS ", "acknowledgements AS ")
"""What was told of an episode may be of any age, as what waits: what leases, folds or writes reads all of it. So may be
who takes care of it; those few rows are in months so that they age."""
OF_RUNS = ("heartbeats/listen.sql", "alerts/reported_runs.sql")
"""What listens in every cycle, and asks of runs: these prune it."""


def partition_columns() -> dict[str, str]:
    """Return the partition column of every partitioned table, read off the DDL."""
    tables = [name for name in sql.statement_names(SQL_ROOT) if name.startswith("ddl/tables/")]
    found = {name: _PARTITION.search(sql.render(SQL_ROOT, name, dataset=DATASET)) for name in tables}
    return {name.split("/")[-1].removesuffix(".sql"): match[1] for name, match in found.items() if match}


def unpruned(text: str) -> list[str]:
    """Return the reads of partitioned tables that read all of it, each as ``table AS alias``."""
    columns = partition_columns()
    found = []
    for _, statement in statements_of(text):
        for table in statement.find_all(exp.Table):
            column = columns.get(table.name)
            if column is not None and not any(prunes(part, table, column) for part in conditions(table)):
                found.append(f"{table.name} AS {table.alias_or_name}")
    return found


def conditions(table: exp.Table) -> Iterator[exp.Expression]:
    """Yield what must hold for a row of the table to be read: the parts of its WHERE, its join's or its MERGE's ON."""
    scope = table.find_ancestor(exp.Select, exp.Merge, exp.Delete)
    join = table.parent if isinstance(table.parent, exp.Join) and table.parent.side in ("", "LEFT") else None
    found = [join and join.args.get("on"), scope and scope.args.get("on"), scope and scope.args.get("where")]
    for whole in found:
        condition = whole.this if isinstance(whole, exp.Where) else whole
        if condition is not None:
            yield from condition.flatten() if isinstance(condition, exp.And) else [condition]


def prunes(condition: exp.Expression, table: exp.Table, column: str) -> bool:
    """Tell whether a condition holds the table's partition column against what is known before the statement begins."""
    condition = condition.unnest()
    if not isinstance(condition, _COMPARISONS):
        return False
    sides = list(condition.iter_expressions())
    own = [side for side in sides if _is_column(side, table, column)]
    return len(own) == 1 and all(_is_constant(side) for side in sides if side is not own[0])


def _is_column(side: exp.Expression, table: exp.Table, column: str) -> bool:
    return isinstance(side, exp.Column) and side.name == column and side.table in ("", table.alias_or_name)


def _is_constant(side: exp.Expression) -> bool:
    if side.find(exp.Query):
        return False
    return all(column.name in VARIABLES for column in side.find_all(exp.Column))


def test_the_partitioned_tables_are_known() -> None:
    assert partition_columns() == {
        "acknowledgements": "acknowledged_at",
        "collection_runs": "cycle",
        "heartbeats": "cycle",
        "limit_sync_runs": "read_time",
        "notifications": "created_at",
        "replica_observations": "cycle",
        "subject_days": "day",
        "subject_stretches": "api_bucket",
        "verdicts": "cycle",
    }


@pytest.mark.parametrize("name", STATEMENTS)
def test_itprunes(name: str) -> None:
    found = unpruned(sql.render(SQL_ROOT, name, dataset=DATASET))
    if name not in OF_A_CYCLE:
        found = [read for read in found if not read.startswith(SMALL)]
    if name not in OF_RUNS:
        found = [read for read in found if not read.startswith(OUTBOX)]
    assert found == []


def test_a_cycles_statements_are_all_there() -> None:
    assert set(OF_A_CYCLE) <= set(STATEMENTS)


@pytest.mark.parametrize(
    ("where", "is_pruned"),
    [
        ("v.cycle = @cycle", True),
        ("v.cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 1 DAY) AND v.verdict = 'unknown'", True),
        ("cycle BETWEEN @from AND @to", True),
        ("v.verdict = 'unknown'", False),
        ("v.cycle = (SELECT MAX(c.cycle) FROM fold_cursor AS c)", False),
        ("v.cycle = v.computed_at", False),
        ("v.cycle = @cycle OR v.verdict = 'unknown'", False),
        ("TIMESTAMP_ADD(v.cycle, INTERVAL 1 DAY) > @cycle", False),
        ("NOT v.cycle = @cycle", False),
    ],
)
def test_whatprunes(where: str, is_pruned: bool) -> None:
    assert (unpruned(f"SELECT * FROM `d.verdicts` AS v WHERE {where}") == []) == is_pruned


@pytest.mark.parametrize(("side", "is_pruned"), [("LEFT", True), ("INNER", True), ("RIGHT", False), ("FULL", False)])
def test_a_joins_condition_prunes_what_it_joins_to(side: str, is_pruned: bool) -> None:
    join = f"{side} JOIN `d.verdicts` AS v ON e.last_cycle = v.cycle AND v.cycle = @cycle"
    assert (unpruned(f"SELECT * FROM `d.episodes` AS e {join}") == []) == is_pruned


def test_a_filter_of_the_query_around_it_is_none_of_a_subquery() -> None:
    text = "SELECT (SELECT COUNT(*) FROM `d.verdicts` AS v) FROM `d.heartbeats` AS h WHERE h.cycle = @cycle"
    assert unpruned(text) == ["verdicts AS v"]
