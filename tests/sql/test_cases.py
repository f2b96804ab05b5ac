"""Every given/expect case, executed on the BigQuery stand-in through the code that ships."""

import functools
from typing import Any

import pytest

from pedwatch.declared_parameters import declared_types
from pedwatch.hooks.warehouse import Warehouse
from tests.sql.case_files import Case, comparable, json_row, read_cases, typed_params

CASES = read_cases()


@functools.cache
def _schema(warehouse: Warehouse, table: str) -> list[Any]:
    return warehouse.client.get_table(table).schema


def _load(warehouse: Warehouse, table: str, rows: list[dict[str, object]]) -> None:
    from google.cloud import bigquery

    target = f"{warehouse.config.project}.{warehouse.config.dataset}.{table}"
    config = bigquery.LoadJobConfig(schema=_schema(warehouse, target), write_disposition="WRITE_TRUNCATE")
    warehouse.client.load_table_from_json([json_row(row) for row in rows], target, job_config=config).result()


def test_there_are_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, tables: Warehouse) -> None:
    for table, rows in case.given.items():
        _load(tables, table, rows)
    declared = declared_types(tables.render(case.statement))
    answer = tables.run(case.statement, typed_params(case.params, declared))
    for table, expected in case.expect.items():
        found = answer
        if table != "rows":
            dataset = f"{tables.config.project}.{tables.config.dataset}"
            found = [dict(row.items()) for row in tables.client.list_rows(f"{dataset}.{table}")]
        assert comparable(found, expected) == comparable(expected, expected), f"{table} in {case.name}"
