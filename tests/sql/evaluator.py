"""Evaluates queries on sample data in the real GoogleSQL evaluator: what BigQuery would answer.

    from tests.sql.evaluator import evaluate, stored
    evaluate("SELECT COUNT(*) AS n FROM `ped_watch.verdicts`", stored({"verdicts": [...]}), {}).value

A table is here what a parameter of rows is: ``Typed``, columns and rows. The evaluator reads it from a parameter, too:
before the query stands ``WITH `ped_watch.verdicts` AS (SELECT r.* FROM UNNEST(@rows) AS r)``. So the query itself is
the one that ships, and it is compiled once for all the data it is tried on, which costs twenty times what a run does.
A view stands there with its own query.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zetasql.api import PreparedQuery
from zetasql.core import ZetaSqlLocalService
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2

from pedwatch import sql
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.parameters import type_name as kind_of
from tests.sql.googlesql import DATASET, SQL_ROOT, stored_tables
from tests.sql.googlesql_types import analyzer_options, catalog_builder, parse_type, type_name, type_text
from tests.sql.googlesql_values import decode_row, encode
from tests.sql.statement_parts import query_of

Tables = Mapping[str, Typed]


class EvaluationError(Exception):
    """GoogleSQL refuses the query, or it fails on this data."""


@functools.cache
def views() -> dict[str, str]:
    """Return the query of every view of the DDL."""
    texts = {
        name: sql.render(SQL_ROOT, name, dataset=DATASET)
        for name in sql.statement_names(SQL_ROOT)
        if name.startswith("ddl/views/")
    }
    queries = {f"{DATASET}.{Path(name).stem}": query_of(text) for name, text in texts.items()}
    return {name: query.text for name, query in queries.items() if query}


def stored(given: Mapping[str, list[dict[str, Any]]]) -> dict[str, Typed]:
    """Return all tables of the DDL, with the rows that are given."""
    tables = {
        name: {column: type_name(kind) for column, kind in columns}
        for name, columns in stored_tables().items()
        if name not in views()
    }
    return {name: Typed(columns, given.get(name.partition(".")[2], [])) for name, columns in tables.items()}


def evaluate(query: str, tables: Tables, parameters: Mapping[str, Any]) -> Typed:
    """Evaluate a query; returns the columns and rows of its answer.

    Raises:
        EvaluationError: GoogleSQL refuses it, or it fails.
    """
    try:
        return _evaluate(query, tables, parameters)
    except Exception as error:  # the library raises several unrelated classes
        raise EvaluationError(f"{error}\n--- in:\n{query}") from error


def _evaluate(query: str, tables: Tables, parameters: Mapping[str, Any]) -> Typed:
    before = _read(query, tables)
    typed = {
        name: value if isinstance(value, Typed) else Typed(kind_of(value), value) for name, value in parameters.items()
    } | {_rows(name): tables[name] for name in before if name in tables}
    kinds = tuple((name, type_text(value.kind)) for name, value in typed.items())
    return _prepared(_with(before, query), kinds).run({name: value.value for name, value in typed.items()})


def _rows(table: str) -> str:
    return "rows_of_" + table.replace(".", "_")


def _read(query: str, tables: Tables) -> dict[str, str]:
    """Return what stands for each table and view that a query reads, those first that others need."""
    found: dict[str, str] = {}
    for name in _table_names(query):
        if name in views():
            found |= _read(views()[name], tables) | {name: views()[name]}
        elif name in tables:
            found[name] = f"SELECT r.* FROM UNNEST(@{_rows(name)}) AS r"
    return found


@functools.cache
def _table_names(query: str) -> list[str]:
    names = ZetaSqlLocalService.get_instance().extract_table_names_from_statement(
        sql_statement=query, options=analyzer_options(None).language_options
    )
    return sorted(".".join(name.table_name_segment) for name in names.table_name)


def _with(before: Mapping[str, str], query: str) -> str:
    if not before:
        return query
    return "WITH " + ",\n".join(f"`{name}` AS (\n{text}\n)" for name, text in before.items()) + f"\n(\n{query}\n)"


@dataclass(frozen=True)
class _Prepared:
    query: Any
    columns: dict[str, Any]
    parameters: dict[str, Any]

    def run(self, values: Mapping[str, Any]) -> Typed:
        request = local_service_pb2.EvaluateQueryRequest(prepared_query_id=self.query.prepared_query_id)
        for name, value in values.items():
            request.params.add(name=name, value=encode(value, self.parameters[name]))
        answer = self.query._service.wasm_client.call_grpc_func(
            "ZetaSqlLocalService_EvaluateQuery", request, local_service_pb2.EvaluateQueryResponse
        )
        rows = [decode_row(row.cell, self.columns) for row in answer.content.table_data.row]
        return Typed({name: type_name(kind) for name, kind in self.columns.items()}, rows)


@functools.cache
def _prepared(text: str, kinds: tuple[tuple[str, str], ...]) -> _Prepared:
    builder = PreparedQuery.builder().set_sql(text).set_analyzer_options(analyzer_options(dict(kinds)))
    query = builder.set_catalog(catalog_builder().build()).prepare()
    columns = {column.name: column.type for column in query.columns}
    return _Prepared(query, columns, {name: parse_type(kind) for name, kind in kinds})
