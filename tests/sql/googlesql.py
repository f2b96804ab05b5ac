"""Checks SQL with the real GoogleSQL analyzer against a catalog built from ``include/sql/ddl``.

    from tests.sql.googlesql import analyze, analyze_file
    analyze("SELECT cycle FROM `ped_watch.verdicts` WHERE cycle = @cycle", {"cycle": "TIMESTAMP"})
    analyze_file("limits/limits_as_of.sql", {"cycle": "TIMESTAMP", "known_at": "TIMESTAMP"})

Both take one statement or a whole script and return the names and types of the last query's columns (empty for
anything but a query). What the analyzer refuses raises ``AnalysisError`` naming the statement. A parameter's type is
GoogleSQL text, or the ``Kind`` mapping of ``pedwatch.hooks.parameters``, which means an array of such rows.
"""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pedwatch import sql

ROOT = Path(__file__).resolve().parents[2]
SQL_ROOT = ROOT / "include" / "sql"
DATASET = "ped_watch"
_CONTROL = ("ASTRaiseStatement", "ASTReturnStatement")  # a script's own, nothing to resolve


def _cache_the_compiled_analyzer() -> None:
    """Keep the compiled WebAssembly module in build/: compiling it takes 20 s, loading it 1 s."""
    import zetasql.core.wasm_client as wasm

    folder = ROOT / "build" / "cache" / "zetasql"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "wasmtime.toml"
    settings.write_text(f'[cache]\ndirectory = "{folder / "modules"}"\n', encoding="utf-8")

    class CachingConfig(wasm.Config):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.cache = str(settings)

    wasm.Config = CachingConfig


_cache_the_compiled_analyzer()

import zetasql.types as zt  # noqa: E402  (the cache must be configured before the module is compiled)
from zetasql.api import (  # noqa: E402
    Analyzer,
    CatalogBuilder,
    ConstantBuilder,
    Parser,
    TableBuilder,
    TypeFactory,
)

_KINDS = {
    "STRING": zt.TypeKind.TYPE_STRING,
    "INT64": zt.TypeKind.TYPE_INT64,
    "TIMESTAMP": zt.TypeKind.TYPE_TIMESTAMP,
    "BOOL": zt.TypeKind.TYPE_BOOL,
    "FLOAT64": zt.TypeKind.TYPE_DOUBLE,
    "DATE": zt.TypeKind.TYPE_DATE,
    "JSON": zt.TypeKind.TYPE_JSON,
    "BYTES": zt.TypeKind.TYPE_BYTES,
    "NUMERIC": zt.TypeKind.TYPE_NUMERIC,
    "DATETIME": zt.TypeKind.TYPE_DATETIME,
}
_KIND_NAMES = {kind: name for name, kind in _KINDS.items()}


class AnalysisError(AssertionError):
    """GoogleSQL would refuse the statement."""


@functools.cache
def _language() -> Any:
    language = zt.LanguageOptions.maximum_features()
    language.product_mode = zt.ProductMode.PRODUCT_EXTERNAL
    return language


def type_text(kind: str | Mapping[str, Any]) -> str:
    """Spell a ``Kind`` as GoogleSQL does: a mapping of columns is an array of rows."""
    if isinstance(kind, str):
        return kind
    return f"ARRAY<STRUCT<{', '.join(f'{name} {type_text(inner)}' for name, inner in kind.items())}>>"


def _fields(text: str) -> Iterator[tuple[str, str]]:
    depth, start = 0, 0
    for at, character in enumerate(text + ","):
        depth += {"<": 1, ">": -1}.get(character, 0)
        if character == "," and depth == 0:
            name, kind = text[start:at].strip().split(" ", 1)
            yield name, kind
            start = at + 1


def _type(text: str) -> Any:
    text = text.strip()
    if text.startswith("ARRAY<"):
        return TypeFactory.create_array_type(_type(text[6:-1]))
    if text.startswith("STRUCT<"):
        return TypeFactory.create_struct_type([(name, _type(kind)) for name, kind in _fields(text[7:-1])])
    return TypeFactory.create_simple_type(_KINDS[text])


def _type_name(resolved: Any) -> str:
    if resolved.type_kind == zt.TypeKind.TYPE_ARRAY:
        return f"ARRAY<{_type_name(resolved.array_type.element_type)}>"
    if resolved.type_kind == zt.TypeKind.TYPE_STRUCT:
        fields = ", ".join(f"{field.field_name} {_type_name(field.field_type)}" for field in resolved.struct_type.field)
        return f"STRUCT<{fields}>"
    return _KIND_NAMES[resolved.type_kind]


class Script:
    """Analyses statements one after the other; tables created and variables declared are known to the next."""

    def __init__(self, tables: Mapping[str, list[tuple[str, Any]]], parameters: Mapping[str, Any] | None) -> None:
        self.tables = dict(tables)
        self.parameters = parameters
        self._variables: list[tuple[str, Any]] = []

    def _catalog(self) -> Any:
        builder = CatalogBuilder("bigquery")
        for name, columns in self.tables.items():
            table = TableBuilder(name)
            for column, kind in columns:
                table = table.add_column(column, kind)
            builder = builder.add_table(table.build())
        for name, kind in self._variables:
            builder = builder.add_constant(ConstantBuilder(name).set_type(kind).build())
        return builder.with_builtin_functions(zt.ZetaSQLBuiltinFunctionOptions(language_options=_language())).build()

    def _options(self) -> Any:
        options = zt.AnalyzerOptions(language_options=_language())
        options.default_timezone = "UTC"
        options.statement_context = zt.StatementContext.CONTEXT_DEFAULT
        if self.parameters is None:
            options.allow_undeclared_parameters = True
        else:
            options.query_parameters = [
                zt.AnalyzerOptions.QueryParameter(name=name, type=_type(type_text(kind)))
                for name, kind in self.parameters.items()
            ]
        return options

    def _resolve(self, text: str) -> Any:
        try:
            return Analyzer(self._options(), self._catalog()).analyze_statement(text)
        except Exception as error:  # noqa: BLE001 the library raises several unrelated classes
            raise AnalysisError(f"{error}\n--- in:\n{text}") from None

    def run(self, text: str) -> dict[str, str]:
        """Analyse a script; returns the columns of its last query."""
        try:
            statements = Parser.parse_script_static(text, _language()).statement_list_node.statement_list
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
            self._resolve(f"SELECT {_text(source, node.expression)}")
            return {}
        if kind in _CONTROL:
            return {}
        nested = _nested(node)
        if nested is None:
            return self._learn(self._resolve(_text(source, node)))
        for condition, statements in nested:
            if condition:
                self._resolve(f"SELECT 1 FROM (SELECT 1) WHERE {_text(source, condition)}")
            self._statements(source, statements)
        return {}

    def _declare(self, source: bytes, node: Any) -> dict[str, str]:
        default = _text(source, node.default_value) if node.default_value else None
        if node.type:
            declared = _type(_text(source, node.type).upper())
            value = f"CAST(({default or 'NULL'}) AS {_text(source, node.type)})"
        else:
            value = str(default)
            declared = self._resolve(f"SELECT {value} AS v").output_column_list[0].column.type
        self._resolve(f"SELECT {value}")
        for variable in node.variable_list.identifier_list:
            self._variables.append((_text(source, variable), declared))
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
            return {output.name: _type_name(output.column.type) for output in resolved.output_column_list}
        return {}


def _text(source: bytes, node: Any) -> str:
    span = node.parse_location_range
    return source[span.start : span.end].decode()


def _nested(node: Any) -> list[tuple[Any, Any]] | None:
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
def _tables() -> dict[str, list[tuple[str, Any]]]:
    """Analyse the DDL. A view may need one that sorts after it, hence the rounds; the rest fails its own test."""
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
    return Script(_tables(), parameters).run(text)


def analyze_file(name: str, parameters: Mapping[str, Any] | None = None, **variables: object) -> dict[str, str]:
    """Render a statement of ``include/sql`` and analyse it."""
    return analyze(sql.render(SQL_ROOT, name, dataset=DATASET, **variables), parameters)
