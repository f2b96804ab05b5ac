"""No statement is more than BigQuery can plan: what a WITH names is planned anew wherever it is read.

BigQuery answers "too many subqueries or query is too complex" where it cannot; nothing local has a planner to ask. The
bounds are docs/decisions/0038's.
"""

from pathlib import Path

import pytest

from bench.plan_size import NotCountableError, expressions_of, plan_sizes, sizes_of
from bench.plans import DEPTH, SCANS
from pedwatch import sql
from tests.sql.googlesql import DATASET, SQL_ROOT

LINES = 90
"""Of a file that rules are written in: what fits on a screen or two is read whole."""

STATEMENTS = [name for name in sql.statement_names(SQL_ROOT) if not name.startswith("ddl/tables/")]
PARTS = sorted(path for path in SQL_ROOT.rglob("_*.sql"))


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_is_small_enough_to_plan(name: str) -> None:
    for size in plan_sizes(name):
        assert size.scans <= SCANS, f"{name}: {size.statement} reads {size.scans} tables when written out"
        assert size.depth <= DEPTH, f"{name}: {size.statement} nests {size.depth} names"


@pytest.mark.parametrize("path", PARTS, ids=lambda path: path.stem)
def test_part_fits_on_two_screens(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES


def test_a_name_counts_wherever_it_is_read() -> None:
    once = f"WITH a AS (SELECT 1 AS x FROM `{DATASET}.verdicts`)"
    (size,) = sizes_of(f"{once}, b AS (SELECT l.x FROM a AS l INNER JOIN a AS r ON l.x = r.x) SELECT * FROM b, b AS c")
    assert (size.scans, size.depth, size.tables) == (4, 2, frozenset({"verdicts"}))


def test_a_name_hides_a_table_of_the_same_name_only_where_it_is_known() -> None:
    (size,) = sizes_of(f"SELECT * FROM (WITH t AS (SELECT 1 AS x) SELECT * FROM t), `{DATASET}.t`")
    assert (size.scans, size.tables) == (1, frozenset({"t"}))


def test_a_view_is_opened() -> None:
    (size,) = sizes_of(f"SELECT * FROM `{DATASET}.explain`")
    assert "explain" not in size.tables
    assert size.scans > 1


def test_statements_within_a_script_are_counted_one_by_one() -> None:
    text = f"""DECLARE n INT64 DEFAULT (SELECT COUNT(*) FROM `{DATASET}.episodes`);
    CREATE TEMP TABLE t AS SELECT * FROM `{DATASET}.verdicts`;
    IF EXISTS (SELECT 1 FROM t) THEN
      WHILE n > 0 DO
        INSERT INTO t (cycle) SELECT cycle FROM t AS a INNER JOIN t AS b USING (cycle); SET n = n - 1;
      END WHILE;
    END IF"""
    assert [(size.scans, sorted(size.tables)) for size in sizes_of(text)] == [
        (1, ["episodes"]),
        (1, ["t", "verdicts"]),
        (1, ["t"]),
        (2, ["t"]),
    ]


def test_what_a_script_always_works_out_is_counted_apart() -> None:
    text = f"""DECLARE n INT64 DEFAULT (SELECT COUNT(*) FROM `{DATASET}.episodes`);
    IF EXISTS (SELECT 1 FROM `{DATASET}.heartbeats`) THEN
      SET n = (SELECT COUNT(*) FROM `{DATASET}.verdicts`);
      INSERT INTO `{DATASET}.fold_cursor` (cycle) SELECT cycle FROM `{DATASET}.verdicts`;
    END IF;
    SELECT n FROM `{DATASET}.fold_cursor`"""
    assert [sorted(size.tables) for size in expressions_of(text)] == [["episodes"], ["heartbeats"]]


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(NotCountableError, match="EXECUTE"):
        sizes_of("EXECUTE IMMEDIATE 'SELECT 1'")
