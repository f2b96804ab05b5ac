"""The real GoogleSQL analyzer and evaluator (PyPI ``zetasql``), as an oracle for what a SELECT answers.

It knows no tables; it starts in seconds, so only test_sql_oracle.py uses it.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import zetasql.types as zt
from zetasql.api import Analyzer, CatalogBuilder, PreparedQuery
from zetasql.types import AnalyzerOptions, EvaluateQueryRequest, LanguageOptions, ZetaSQLBuiltinFunctionOptions
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2

import tests.sql.googlesql_types  # noqa: F401 it has the engine compiled once for all processes, which takes half a minute
from sandbox.bigquery.tests.comparable import comparable

_KINDS = {
    2: "INT64", 5: "BOOL", 7: "FLOAT64", 8: "STRING", 9: "BYTES", 10: "DATE", 16: "ARRAY", 17: "STRUCT",
    19: "TIMESTAMP", 23: "NUMERIC",
}  # fmt: skip


class OracleError(Exception):
    """GoogleSQL refuses the query, or it fails."""


class Oracle:
    """Evaluates SELECTs without tables."""

    def __init__(self) -> None:
        self.language = LanguageOptions.maximum_features()
        self.language.product_mode = zt.ProductMode.PRODUCT_EXTERNAL
        builtin = ZetaSQLBuiltinFunctionOptions(language_options=self.language)
        self.catalog = CatalogBuilder("bq").with_builtin_functions(builtin).build()

    def _options(self) -> AnalyzerOptions:
        options = AnalyzerOptions(language_options=self.language)
        options.default_timezone = "UTC"
        return options

    def evaluate(self, sql: str) -> tuple[list[str], list[str], list[list[Any]]]:
        """The names, types and rows of a SELECT's answer."""
        try:
            builder = PreparedQuery.builder().set_sql(sql).set_analyzer_options(self._options())
            with builder.set_catalog(self.catalog).prepare() as query:
                request = EvaluateQueryRequest(prepared_query_id=query.prepared_query_id).to_proto()
                client = query._service.wasm_client
                answer = client.call_grpc_func(
                    "ZetaSqlLocalService_EvaluateQuery", request, local_service_pb2.EvaluateQueryResponse
                )
                types = [column.type for column in query.columns]
                rows = [
                    [decoded(cell, type) for cell, type in zip(row.cell, types, strict=True)]
                    for row in answer.content.table_data.row
                ]
                return [column.name for column in query.columns], [type_name(type) for type in types], rows
        except Exception as error:  # the binding raises its own and protobuf's classes without a common base
            raise OracleError(str(error)) from error

    def analyze(self, sql: str) -> None:
        """Check a statement without running it."""
        try:
            Analyzer(self._options(), self.catalog).analyze_statement(sql)
        except Exception as error:  # as above
            raise OracleError(str(error)) from error


def _kind(type: Any) -> str:
    return _KINDS[int(type.type_kind)]


def type_name(type: Any) -> str:
    """A type as GoogleSQL writes it."""
    kind = _kind(type)
    if kind == "ARRAY":
        return f"ARRAY<{type_name(_element(type))}>"
    if kind == "STRUCT":
        fields = _fields(type)
        return (
            "STRUCT<"
            + ", ".join(f"{name} {type_name(inner)}" if name else type_name(inner) for name, inner in fields)
            + ">"
        )
    return kind


def _element(type: Any) -> Any:
    return type.array_type.element_type if getattr(type, "array_type", None) else type.element_type


def _fields(type: Any) -> list[tuple[str, Any]]:
    holder = type.struct_type if getattr(type, "struct_type", None) else type
    fields = getattr(holder, "field", None) or getattr(holder, "fields", None) or []
    return [
        (
            getattr(field, "field_name", None) or getattr(field, "name", "") or "",
            getattr(field, "field_type", None) or field.type,
        )
        for field in fields
    ]


def decoded(cell: Any, type: Any) -> Any:
    """A value in the canonical form ``comparable`` gives ours, too."""
    which = cell.WhichOneof("value")
    if which is None:
        return None
    kind = _kind(type)
    value = getattr(cell, which)
    if kind == "TIMESTAMP":
        return comparable(
            datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)
        )
    if kind == "DATE":
        return comparable(date(1970, 1, 1) + timedelta(days=value))
    if kind == "NUMERIC":
        return comparable(Decimal(int.from_bytes(value, "little", signed=True)).scaleb(-9))
    if kind == "ARRAY":
        return [decoded(item, _element(type)) for item in value.element]
    if kind == "STRUCT":
        return [decoded(item, inner) for item, (_, inner) in zip(value.field, _fields(type), strict=True)]
    return comparable(value)
