"""What the stand-in answers to the statements that ship is what the real GoogleSQL evaluator answers.

Compared are the rows of a SELECT or a view, those of a MERGE's source, also where a script ends in it, of a script that
only reads those of its last query, and of one that writes those of the query it begins with. They are tried on every
given/expect case, on a small shop in which each of them finds something (sample/), and on random worlds.
"""

import datetime as dt
import functools
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pedwatch import sql
from pedwatch.cycles import PERIOD, floor_to_cycle
from pedwatch.declared_parameters import declared_types
from pedwatch.hooks.parameters import Typed, query_parameters
from pedwatch.hooks.warehouse import Warehouse
from tests.conftest import Server
from tests.oracle.worlds import START, Tables, build_world, policy_row
from tests.sql.case_files import Case, comparable, read_cases, read_sample, typed_params
from tests.sql.conftest import warehouse_of
from tests.sql.evaluated_script import NotEvaluableError, evaluate_script
from tests.sql.evaluator import EvaluationError, evaluate, stored
from tests.sql.googlesql import DATASET, SQL_ROOT, parse
from tests.sql.statement_parts import Query, query_of, reading
from tests.sql.test_cases import _load
from tests.sql.test_every_statement import STATEMENTS
from tests.sql.view_filters import filters_of

Rows = list[dict[str, Any]]

#: Scripts that only read: evaluated whole.
PERIODS = [
    "audit/period_verdicts.sql",
    "limits/replay_proposed.sql",
    "verdicts/judge_period.sql",
    "verdicts/replay_period.sql",
]
#: Scripts that fill temporary tables and end in a MERGE: evaluated whole, with its source in place of the MERGE.
JUDGING = ["verdicts/compare.sql"]
#: Scripts that write: only the query they begin with is evaluated. Later ones read what was written before, and the
#: evaluator writes nothing: it knows no MERGE.
BEGUN = ["alerts/lease_notifications.sql", "alerts/record_sends.sql"]
#: Scripts of which nothing is evaluated, and why.
LEFT_OUT = {
    "alerts/commit_fold.sql": "a check, and MERGEs whose sources are parameters: no query works anything out",
    "alerts/commit_staged_fold.sql": "the same, whose sources are the staging table",
    "alerts/report_failed_run.sql": "one INSERT of parameters",
    "audit/forget_stretches.sql": "one DELETE of what is older than a parameter",
    "schema/take_over.sql": "one UPDATE to a parameter",
    "limits/commit_sync.sql": "checks, and MERGEs within an IF of what the staging table and the parameters hold",
}
EVALUATED = [n for n in STATEMENTS if not n.startswith("ddl/tables/") and n not in PERIODS and n not in LEFT_OUT]
CASES = [case for case in read_cases() if case.statement in EVALUATED]
CYCLES = [START + index * PERIOD for index in range(6)]
WORLDS = 10


class StandIn:
    """A dataset of the stand-in that holds what is given, and nothing else."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self._given: Mapping[str, Rows] = {}

    def fill(self, given: Mapping[str, Rows]) -> None:
        """Load what is given; do nothing when it is what was given before."""
        if given is self._given:
            return
        for table in self._given.keys() | given.keys():
            _load(self.warehouse, table, given.get(table, []))
        self._given = given

    def answer(self, name: str, params: Mapping[str, Any]) -> Rows:
        """Return the rows of the query of a statement."""
        return self.ask(shipped(name, self.warehouse.config.dataset).text, params)

    def ask(self, text: str, params: Mapping[str, Any]) -> Rows:
        """Return the rows of a query."""
        from google.cloud import bigquery

        config = bigquery.QueryJobConfig(query_parameters=query_parameters(params))
        return [dict(row.items()) for row in self.warehouse.client.query(text, job_config=config).result()]


@pytest.fixture(scope="module")
def stand_in(bigquery_server: Server) -> Iterator[StandIn]:
    """The stand-in, with a dataset of these tests' own."""
    with warehouse_of(bigquery_server, "evaluated") as warehouse:
        yield StandIn(warehouse)


@functools.cache
def shipped(name: str, dataset: str = DATASET) -> Query:
    """The query of a statement; a view is asked for everything in it, by a filter where it wants one."""
    if name.startswith("ddl/views/"):
        view = Path(name).stem
        where = " WHERE cycle >= TIMESTAMP '2000-01-01 00:00:00+00'" if filters_of(view).is_required else ""
        return Query(f"SELECT * FROM `{dataset}.{view}`{where}", is_whole=True, is_ordered=False)
    text = sql.render(SQL_ROOT, name, dataset=dataset)
    if name in JUDGING:
        return Query(reading(text), is_whole=False, is_ordered=False)
    found = query_of(text)
    assert found, f"{name} begins with no query: evaluate it as one of PERIODS, or say why it is LEFT_OUT"
    return found


def real_answer(name: str, given: Mapping[str, Rows], params: Mapping[str, Any]) -> Rows:
    """What GoogleSQL answers to the query of a statement."""
    if name in JUDGING:
        return list(evaluate_script(shipped(name).text, stored(given), params).value)
    return list(evaluate(shipped(name).text, stored(given), params).value)


def params_of(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a statement declares, typed."""
    return typed_params(params, declared_types(sql.render(SQL_ROOT, name, dataset=DATASET)))


def assert_agree(found: Rows, real: Rows, is_ordered: bool) -> None:
    """Every column of every row is the same; so is their order where the query gives them one."""
    if is_ordered:
        assert found == real
    assert sorted(found, key=repr) == sorted(real, key=repr)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, stand_in: StandIn) -> None:
    params = params_of(case.statement, case.params)
    real = real_answer(case.statement, case.given, params)
    if shipped(case.statement).is_whole:
        expected = case.expect["rows"]
        assert comparable(real, expected) == comparable(expected, expected)
    stand_in.fill(case.given)
    assert_agree(stand_in.answer(case.statement, params), real, shipped(case.statement).is_ordered)


# Views ask for the time: the sample is of a moment ago.
GIVEN, PARAMS = read_sample(floor_to_cycle(dt.datetime.now(dt.UTC), PERIOD) - PERIOD)


@pytest.mark.parametrize("name", EVALUATED)
def test_sample(name: str, stand_in: StandIn) -> None:
    params = params_of(name, PARAMS)
    real = real_answer(name, GIVEN, params)
    assert real, f"{name} finds nothing in sample/given.yaml: add what it looks for"
    stand_in.fill(GIVEN)
    assert_agree(stand_in.answer(name, params), real, shipped(name).is_ordered)


@pytest.fixture(scope="module")
def worlds() -> dict[str, Rows]:
    """Random worlds, always the same ones, as large as if a recomputation had to take them in rounds."""
    random_ = random.Random(20260302)
    merged = Tables(policy_history=[policy_row(None)])
    for number in range(WORLDS):
        for name, rows in vars(build_world(number, dict.fromkeys(CYCLES, 5), random_)).items():
            getattr(merged, name).extend(rows)
    for row in merged.collection_runs:
        row["row_count"] = 25_000
    return vars(merged)


@pytest.mark.parametrize("name", PERIODS)
def test_recomputation(name: str, worlds: dict[str, Rows], stand_in: StandIn) -> None:
    replaced = {row["limit_id"]: row for row in worlds["limit_history"]}
    chosen = {
        "period_start": CYCLES[1],
        "period_end": CYCLES[-1] + PERIOD,
        "grace_minutes": 0,
        "tolerance_count": 1,
        "replaced": list(replaced),
        "proposed": [{**row, "max_replicas": 2, "labels": []} for row in replaced.values()],
    }
    params = params_of(name, chosen)
    text = sql.render(SQL_ROOT, name, dataset=DATASET)
    real = evaluate_script(text, stored(worlds), params).value
    assert len({row["verdict"] for row in real}) > 1
    stand_in.fill(worlds)
    assert_agree(stand_in.warehouse.run(name, params), real, parse(text)[-1].query.order_by is not None)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_begins_with_no_query_and_writes(name: str) -> None:
    text = sql.render(SQL_ROOT, name, dataset=DATASET)
    assert query_of(text) is None
    with pytest.raises(NotEvaluableError):
        evaluate_script(text, stored(GIVEN), params_of(name, PARAMS))


def test_of_no_other_script_is_only_the_beginning_evaluated() -> None:
    assert [name for name in EVALUATED if shipped(name).is_first] == BEGUN


def test_other_sql_gives_other_rows(stand_in: StandIn) -> None:
    name = "audit/period_ledger.sql"
    params = params_of(name, PARAMS)
    stand_in.fill(GIVEN)
    found = stand_in.answer(name, params)
    assert_agree(found, real_answer(name, GIVEN, params), is_ordered=True)
    with pytest.raises(AssertionError):
        assert_agree(found[::-1], real_answer(name, GIVEN, params), is_ordered=True)
    changed = shipped(name).text.replace("origin = 'live'", "origin != 'live'")
    with pytest.raises(AssertionError):
        assert_agree(found, evaluate(changed, stored(GIVEN), params).value, is_ordered=False)


def test_values_of_every_type_come_back_as_the_client_gives_them(stand_in: StandIn) -> None:
    columns = {"t": "TIMESTAMP", "s": "STRING", "i": "INT64", "f": "FLOAT64", "b": "BOOL", "d": "DATE", "y": "BYTES"}
    values = {
        "t": dt.datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC),
        "s": "ä ?",
        "i": -(2**63),
        "f": 0.1,
        "b": False,
        "d": dt.date(1900, 2, 28),
        "y": b"\x00\xff",
    }
    rows = Typed(columns, [values, dict.fromkeys(columns)])
    text = """SELECT r.*, [STRUCT(r.t AS t, [COALESCE(r.i, 0)] AS n)] AS nested, CAST(NULL AS ARRAY<INT64>) AS missing
    FROM UNNEST(@rows) AS r"""
    real = evaluate(text, {}, {"rows": rows}).value
    assert {**values, "nested": [{"t": values["t"], "n": [values["i"]]}], "missing": []} in real
    assert_agree(stand_in.ask(text, {"rows": rows}), real, is_ordered=False)


def test_the_evaluator_refuses_what_googlesql_refuses() -> None:
    with pytest.raises(EvaluationError, match="division by zero"):
        evaluate("SELECT 1 / 0", {}, {})
    with pytest.raises(EvaluationError, match="limit_history"):
        evaluate("SELECT 1 FROM limit_history", stored({}), {})
