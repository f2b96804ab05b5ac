"""ALTER TABLE, VIEW and SCHEMA."""

from typing import Any

from sandbox.bigquery.errors import invalid_query, not_implemented
from sandbox.bigquery.model import Field, StatementResult, TableMeta, TableRef
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import can_coerce, cast
from sandbox.bigquery.sql.compile_query import Compiler
from sandbox.bigquery.sql.ddl_options import apply_column_options, apply_options, column_field, labels, option_values
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.expression import Expression
from sandbox.bigquery.sql.parser import parse_expression
from sandbox.bigquery.sql.scopes import Scope
from sandbox.bigquery.sql.tables import partition_column
from sandbox.bigquery.sql.types import field_type, type_field
from sandbox.bigquery.sql.typesystem import quote, widens

_MILLISECONDS_PER_DAY = 86_400_000


def alter(execution: Execution, node: n.Alter) -> StatementResult:
    """ALTER."""
    if node.kind == "SCHEMA":
        return _alter_schema(execution, node)
    environment = execution.environment
    ref = environment.table_ref(node.path)
    kind = "ALTER_" + node.kind.replace(" ", "_")
    if environment.catalog.find(ref) is None and node.if_exists:
        return StatementResult(node.text, kind, ddl_target=ref, ddl_operation="SKIP")

    def work() -> None:
        meta = environment.catalog.get(ref)
        if (meta.kind == "TABLE") != (node.kind == "TABLE"):
            raise invalid_query(f"{ref} is not a {node.kind.lower()}")
        for action in node.actions:
            handler = _ACTIONS.get(action.kind)
            if handler is None:
                raise not_implemented(f"ALTER {node.kind} {action.kind.replace('_', ' ')}")
            handler(_Alteration(execution, meta), action.parts)
        if not any(action.kind == "RENAME_TO" for action in node.actions):
            environment.catalog.save(meta, cursor=execution.cursor)

    execution.write(ref, work)
    return StatementResult(node.text, kind, ddl_target=ref, ddl_operation="ALTER")


def _alter_schema(execution: Execution, node: n.Alter) -> StatementResult:
    environment = execution.environment
    project, dataset = node.path if len(node.path) == 2 else (environment.project, node.path[0])
    ref = TableRef(project, dataset, "")
    if node.if_exists and not environment.catalog.has_dataset(project, dataset):
        return StatementResult(node.text, "ALTER_SCHEMA", ddl_target=ref, ddl_operation="SKIP")
    environment.catalog.get_dataset(project, dataset)
    changes: dict[str, Any] = {}
    for action in node.actions:
        for name, value in option_values(execution, action.parts.get("options", {})).items():
            if name == "labels":
                changes["labels"] = labels(value)
            elif name == "default_table_expiration_days":
                changes["defaultTableExpirationMs"] = (
                    None if value is None else str(int(float(value) * _MILLISECONDS_PER_DAY))
                )
            elif name in ("description", "friendly_name"):
                changes[{"friendly_name": "friendlyName"}.get(name, name)] = value
    environment.catalog.update_dataset(project, dataset, changes, cursor=execution.cursor)
    return StatementResult(node.text, "ALTER_SCHEMA", ddl_target=ref, ddl_operation="ALTER")


class _Alteration:
    """One table being altered."""

    def __init__(self, execution: Execution, meta: TableMeta) -> None:
        self.execution, self.meta = execution, meta
        self.table = f"ALTER TABLE {execution.environment.catalog.physical_name(meta.ref)}"

    def run(self, rest: str) -> None:
        """Change the DuckDB table."""
        if self.meta.kind == "TABLE":
            self.execution.execute(f"{self.table} {rest}", {})

    def find(self, name: str) -> Field | None:
        """A column by name."""
        return next((field for field in self.meta.fields if field["name"].lower() == name.lower()), None)

    def column(self, parts: dict[str, Any]) -> Field | None:
        """The column an action names; None when it is missing and may be."""
        field = self.find(parts["name"])
        if field is None and not parts.get("if_exists"):
            raise invalid_query(f"Column not found: {parts['name']}")
        return field


def _set_options(alteration: _Alteration, parts: dict[str, Any]) -> None:
    apply_options(alteration.execution, alteration.meta, parts["options"])


def _add_column(alteration: _Alteration, parts: dict[str, Any]) -> None:
    definition: n.ColumnDefinition = parts["column"]
    if alteration.find(definition.name) is not None:
        if parts["if_not_exists"]:
            return
        raise invalid_query(f"Column already exists: {definition.name}")
    if definition.not_null:
        raise invalid_query(f"Cannot add required column {definition.name} to an existing table")
    if definition.default is not None:
        raise invalid_query("Default value is not supported for ADD COLUMN; add the column, then set its default")
    field = column_field(alteration.execution, definition)
    type = field_type(field)
    default = f" DEFAULT CAST([] AS {type.duckdb})" if type.is_array else ""
    alteration.run(f"ADD COLUMN {quote(field['name'])} {type.duckdb}{default}")
    alteration.meta.fields.append(field)


def _drop_column(alteration: _Alteration, parts: dict[str, Any]) -> None:
    field = alteration.column(parts)
    if field is None:
        return
    meta = alteration.meta
    if field["name"].lower() in (
        (partition_column(meta) or "").lower(),
        *(name.lower() for name in meta.clustering or []),
    ):
        raise invalid_query(f"Cannot drop column {field['name']}: the table is partitioned or clustered by it")
    if len(meta.fields) == 1:
        raise invalid_query("Cannot drop the only column of a table")
    alteration.run(f"DROP COLUMN {quote(field['name'])}")
    meta.fields.remove(field)


def _rename_column(alteration: _Alteration, parts: dict[str, Any]) -> None:
    field = alteration.column(parts)
    if field is None:
        return
    if alteration.find(parts["to"]) is not None:
        raise invalid_query(f"Column already exists: {parts['to']}")
    if field["name"].lower() == (partition_column(alteration.meta) or "").lower():
        raise invalid_query(f"Cannot rename partitioning column {field['name']}")
    alteration.run(f"RENAME COLUMN {quote(field['name'])} TO {quote(parts['to'])}")
    meta = alteration.meta
    meta.clustering = [parts["to"] if name == field["name"] else name for name in meta.clustering or []] or None
    field["name"] = parts["to"]


def _set_default(alteration: _Alteration, parts: dict[str, Any]) -> None:
    field = alteration.column(parts)
    if field is not None:
        value = Compiler(alteration.execution.environment).expression(parse_expression(parts["default"]), Scope())
        if not can_coerce(value, field_type(field)):
            raise invalid_query(
                f"Invalid default value expression for column {field['name']}: it has type {value.type}"
            )
        field["defaultValueExpression"] = parts["default"]


def _drop_default(alteration: _Alteration, parts: dict[str, Any]) -> None:
    field = alteration.column(parts)
    if field is not None:
        field.pop("defaultValueExpression", None)
        alteration.run(f"ALTER COLUMN {quote(field['name'])} DROP DEFAULT")


def _drop_not_null(alteration: _Alteration, parts: dict[str, Any]) -> None:
    field = alteration.column(parts)
    if field is not None:
        if field.get("mode") != "REQUIRED":
            raise invalid_query(
                f"ALTER TABLE ALTER COLUMN DROP NOT NULL requires column {field['name']} to be NOT NULL"
            )
        alteration.run(f"ALTER COLUMN {quote(field['name'])} DROP NOT NULL")
        field["mode"] = "NULLABLE"


def _set_type(alteration: _Alteration, parts: dict[str, Any]) -> None:
    field = alteration.column(parts)
    if field is None:
        return
    old, new = field_type(field), parts["type"]
    if not widens(old, new):
        raise invalid_query(
            f"ALTER TABLE ALTER COLUMN SET DATA TYPE requires that the existing column type ({old}) "
            f"is assignable to the new type ({new})"
        )
    if old.duckdb != new.duckdb:
        value = cast(Expression(quote(field["name"]), old, constant=False), new)
        alteration.run(f"ALTER COLUMN {quote(field['name'])} SET DATA TYPE {new.duckdb} USING {value.sql}")
    kept = {key: field[key] for key in ("description", "defaultValueExpression") if key in field}
    mode = field.get("mode", "NULLABLE")
    field.clear()
    field.update(type_field(parts["name"], new, mode), **kept)


def _set_column_options(alteration: _Alteration, parts: dict[str, Any]) -> None:
    field = alteration.column(parts)
    if field is not None:
        apply_column_options(alteration.execution, field, parts["options"])


def _rename(alteration: _Alteration, parts: dict[str, Any]) -> None:
    meta, catalog = alteration.meta, alteration.execution.environment.catalog
    old = meta.ref
    new = TableRef(old.project, old.dataset, parts["name"])
    if catalog.find(new) is not None:
        raise invalid_query(f"Already Exists: Table {new}")
    cursor = alteration.execution.cursor
    listed = ", ".join(quote(field["name"]) for field in meta.fields)
    staged = "CREATE OR REPLACE TEMP TABLE _bq_renamed AS SELECT * FROM " + catalog.physical_name(old)
    alteration.execution.execute(staged, {})
    catalog.drop_table(old, cursor=cursor)
    meta.ref = new
    catalog.create_table(meta, cursor=cursor)
    target = catalog.physical_name(new)
    alteration.execution.execute(f"INSERT INTO {target} ({listed}) SELECT {listed} FROM _bq_renamed", {})
    alteration.execution.execute("DROP TABLE _bq_renamed", {})


_ACTIONS = {
    "SET_OPTIONS": _set_options, "ADD_COLUMN": _add_column, "DROP_COLUMN": _drop_column,
    "RENAME_COLUMN": _rename_column, "SET_DEFAULT": _set_default, "DROP_DEFAULT": _drop_default,
    "DROP_NOT_NULL": _drop_not_null, "SET_TYPE": _set_type, "SET_COLUMN_OPTIONS": _set_column_options,
    "RENAME_TO": _rename,
}  # fmt: skip
