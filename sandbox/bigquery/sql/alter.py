"""ALTER TABLE: columns that come and go."""

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.model import StatementResult, TableMeta
from sandbox.bigquery.names import physical_name
from sandbox.bigquery.partitions import partition_column
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.ddl_options import column_field
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.type_mapping import field_type
from sandbox.bigquery.sql.typesystem import quote


def alter(execution: Execution, node: n.Alter) -> StatementResult:
    """ALTER TABLE."""
    environment = execution.environment
    ref = environment.table_ref(node.path)

    def work() -> None:
        meta = environment.catalog.get(ref)
        if meta.kind != "TABLE":
            raise invalid_query(f"{ref} is not a table")
        for definition, if_not_exists in node.added:
            _add_column(execution, meta, definition, if_not_exists)
        for name in node.dropped:
            _drop_column(execution, meta, name)
        environment.catalog.save(meta)

    execution.write(ref, work)
    return StatementResult(node.text, "ALTER_TABLE", ddl_target=ref, ddl_operation="ALTER")


def _add_column(execution: Execution, meta: TableMeta, definition: n.ColumnDefinition, if_not_exists: bool) -> None:
    if any(field["name"].lower() == definition.name.lower() for field in meta.fields):
        if if_not_exists:
            return
        raise invalid_query(f"Column already exists: {definition.name}")
    if definition.not_null:
        raise invalid_query(f"Cannot add required column {definition.name} to an existing table")
    field = column_field(execution, definition)
    type = field_type(field)
    default = f" DEFAULT CAST([] AS {type.duckdb})" if type.is_array else ""
    execution.execute(
        f"ALTER TABLE {physical_name(meta.ref)} ADD COLUMN {quote(field['name'])} {type.duckdb}{default}", {}
    )
    meta.fields.append(field)


def _drop_column(execution: Execution, meta: TableMeta, name: str) -> None:
    field = next((field for field in meta.fields if field["name"].lower() == name.lower()), None)
    if field is None:
        raise invalid_query(f"Column not found: {name}")
    layout = (partition_column(meta) or "", *(meta.clustering or []))
    if name.lower() in (column.lower() for column in layout):
        raise invalid_query(f"Cannot drop column {name}: the table is partitioned or clustered by it")
    if len(meta.fields) == 1:
        raise invalid_query("Cannot drop the only column of a table")
    execution.execute(f"ALTER TABLE {physical_name(meta.ref)} DROP COLUMN {quote(field['name'])}", {})
    meta.fields.remove(field)
