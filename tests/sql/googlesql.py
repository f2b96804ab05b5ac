"""Checks SQL with the real GoogleSQL analyzer against a catalog built from ``include/sql/ddl``.

    from tests.sql.googlesql import analyze, analyze_file
    analyze("SELECT cycle FROM `ped_watch.verdicts` WHERE cycle = @cycle", {"cycle": "TIMESTAMP"})
    analyze_file("limits/limits_as_of.sql", {"cycle": "TIMESTAMP", "known_at": "TIMESTAMP"})

Both take one statement or a whole script and return the names and types of the last query's columns (empty for
anything but a query). What the analyzer refuses raises ``AnalysisError`` naming the statement. A parameter's type is
GoogleSQL text, or the ``Kind`` mapping of ``pedwatch.hooks.parameters``, which means an array of such rows.
"""

import functools
from collections.abc import Mapping
from typing import Any

from zetasql.api import Analyzer, ConstantBuilder, Parser, TableBuilder

from pedwatch import sql
from tests.sql.googlesql_types import ROOT, analyzer_options, catalog_builder, language, parse_type, type_name

SQL_ROOT = ROOT / "include" / "sql"
DATASET = "ped_watch"
_CONTROL = ("ASTRaiseStatement", "ASTReturnStatement")  # a script's own, nothing to resolve


class AnalysisError(AssertionError):
    """GoogleSQL would refuse the statement."""


class Script:
    """Analyses statements one after the other; tables created and variables declared are known to the next."""

    def __init__(self, tables: Mapping[str, list[tuple[str, Any]]], parameters: Mapping[str, Any] | None) -> None:
        self.tables = dict(tables)
        self.parameters = parameters
        self._variables: list[tuple[str, Any]] = []

    def catalog(self, text: str) -> Any:
        """Return what a statement may name: of the tables those that it does, since each is sent to the engine."""
        builder = catalog_builder()
        for name, columns in self.tables.items():
            if name.rpartition(".")[2] not in text:
                continue
            table = TableBuilder(name)
            for column, kind in columns:
                table = table.add_column(column, kind)
            builder = builder.add_table(table.build())
        for name, kind in self._variables:
            builder = builder.add_constant(ConstantBuilder(name).set_type(kind).build())
        return builder.build()

    def _resolve(self, text: str) -> Any:
        try:
            return Analyzer(analyzer_options(self.parameters), self.catalog(text)).analyze_statement(text)
        except Exception as error:  # noqa: BLE001 the library raises several unrelated classes
            raise AnalysisError(f"{error}\n--- in:\n{text}") from None

    def run(self, text: str) -> dict[str, str]:
        """Analyse a script; returns the columns of its last query."""
        try:
            statements = parse(text)
        except Exception as error:  # noqa: BLE001 the library raises several unrelated classes
            raise AnalysisError(f"{error}\n--- in:\n{text}") from None
        return self._statements(text.encode(), statements)

    def _statements(self, source: bytes, nodes: Any) -> dict[str, str]:
        columns: dict[str, str] = {}
        for node in nodes:
            columns = self._statement(source, node)
        return columns

    def _statement(self, source: bytes, node: Any) -> dict[str, str]:
        kind = type(node).__name__
        if kind == "ASTVariableDeclaration":
            return self._declare(source, node)
        if kind == "ASTSingleAssignment":
            self._resolve(f"SELECT {text_of(source, node.expression)}")
            return {}
        if kind in _CONTROL:
            return {}
        parts = nested(node)
        if parts is None:
            return self._learn(self._resolve(text_of(source, node)))
        for condition, statements in parts:
            if condition:
                self._resolve(f"SELECT 1 FROM (SELECT 1) WHERE {text_of(source, condition)}")
            self._statements(source, statements)
        return {}

    def _declare(self, source: bytes, node: Any) -> dict[str, str]:
        default = text_of(source, node.default_value) if node.default_value else None
        if node.type:
            declared = parse_type(text_of(source, node.type).upper())
            value = f"CAST(({default or 'NULL'}) AS {text_of(source, node.type)})"
        else:
            value, declared = str(default), None
        resolved = self._resolve(f"SELECT {value} AS v")
        declared = declared or resolved.output_column_list[0].column.type
        for variable in node.variable_list.identifier_list:
            self._variables.append((text_of(source, variable), declared))
        return {}

    def _learn(self, resolved: Any) -> dict[str, str]:
        kind = type(resolved).__name__
        if kind == "ResolvedCreateTableStmt":
            columns = [(column.name, column.type) for column in resolved.column_definition_list]
            self.tables[".".join(resolved.name_path)] = columns
        elif kind in ("ResolvedCreateTableAsSelectStmt", "ResolvedCreateViewStmt"):
            columns = [(output.name, output.column.type) for output in resolved.output_column_list]
            self.tables[".".join(resolved.name_path)] = columns
        elif kind == "ResolvedQueryStmt":
            return {output.name: type_name(output.column.type) for output in resolved.output_column_list}
        return {}


@functools.lru_cache(maxsize=8)
def parse(text: str) -> Any:
    """Parse a statement or a script; returns the nodes of its statements, to read: a script's cases share them."""
    return Parser.parse_script_static(text, language()).statement_list_node.statement_list


def text_of(source: bytes, node: Any) -> str:
    """Return the part of a text that a node was parsed from."""
    span = node.parse_location_range
    return source[span.start : span.end].decode()


def nested(node: Any) -> list[tuple[Any, Any]] | None:
    """Return (condition, statements) of each part of IF, WHILE, BEGIN … EXCEPTION … END; None for a plain one."""
    kind = type(node).__name__
    if kind == "ASTIfStatement":
        clauses = node.elseif_clauses.elseif_clauses if node.elseif_clauses else []
        parts = [(node.condition, node.then_list), *((clause.condition, clause.body) for clause in clauses)]
        parts.append((None, node.else_list))
    elif kind == "ASTWhileStatement":
        parts = [(node.condition, node.body)]
    elif kind == "ASTBeginEndBlock":
        handlers = node.handler_list.exception_handler_list if node.handler_list else []
        parts = [(None, node.statement_list_node), *((None, handler.statement_list) for handler in handlers)]
    else:
        return None
    return [(condition, body.statement_list) for condition, body in parts if body]


@functools.cache
def stored_tables() -> dict[str, list[tuple[str, Any]]]:
    """Analyse the DDL; returns the columns of every table and view, name and type.

    A view may need one that sorts after it, hence the rounds; the rest fails its own test.
    """
    script = Script({}, {})
    waiting = [name for name in sql.statement_names(SQL_ROOT) if name.startswith("ddl/")]
    while waiting:
        failed = []
        for name in waiting:
            try:
                script.run(sql.render(SQL_ROOT, name, dataset=DATASET))
            except AnalysisError:
                failed.append(name)
        if failed == waiting:
            break
        waiting = failed
    return script.tables


def analyze(text: str, parameters: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Analyse rendered SQL; without ``parameters`` their types are inferred.

    Raises:
        AnalysisError: GoogleSQL refuses it.
    """
    return Script(stored_tables(), parameters).run(text)


def analyze_file(name: str, parameters: Mapping[str, Any] | None = None, **variables: object) -> dict[str, str]:
    """Render a statement of ``include/sql`` and analyse it."""
    return analyze(sql.render(SQL_ROOT, name, dataset=DATASET, **variables), parameters)
