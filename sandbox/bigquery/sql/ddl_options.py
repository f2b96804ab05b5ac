"""OPTIONS(…) and PARTITION BY of DDL, as table metadata."""

from typing import Any

from sandbox.bigquery.errors import invalid_query, not_implemented
from sandbox.bigquery.model import Field, TableMeta
from sandbox.bigquery.partitions import partition_column
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.expression import fail
from sandbox.bigquery.sql.queries import evaluate
from sandbox.bigquery.sql.type_mapping import type_field

_MILLISECONDS_PER_DAY = 86_400_000
_UNITS = ("HOUR", "DAY", "MONTH", "YEAR")
_TIME_TYPES = ("DATE", "TIMESTAMP")
_WANTED = (
    "PARTITION BY expression must be DATE(<timestamp_column>), DATE(<datetime_column>), DATE(_PARTITIONTIME), "
    "a DATE column, TIMESTAMP_TRUNC(<timestamp_column>, DAY/HOUR/MONTH/YEAR), or "
    "RANGE_BUCKET(<int64_column>, GENERATE_ARRAY(<int64_value>, <int64_value>[, <int64_value>]))"
)
_MOST_PARTITIONS = 10_000
_UNSUPPORTED = frozenset(
    """kms_key_name default_rounding_mode max_staleness tags enable_change_history privacy_policy friendly_name labels
    expiration_timestamp enable_refresh refresh_interval_minutes""".split()
)


def _values(execution: Execution, options: dict[str, n.Node]) -> dict[str, Any]:
    return {name: evaluate(execution, node).value for name, node in options.items()}


def apply_options(execution: Execution, meta: TableMeta, options: dict[str, n.Node]) -> None:
    """Set a table's OPTIONS."""
    for name, value in _values(execution, options).items():
        if name == "description":
            meta.description = value
        elif name == "require_partition_filter":
            if value and partition_column(meta) is None:
                raise invalid_query("require_partition_filter can be set only on partitioned tables")
            meta.require_partition_filter = bool(value)
        elif name == "partition_expiration_days":
            if meta.time_partitioning is None:
                raise invalid_query("partition_expiration_days can be set only on time-partitioned tables")
            meta.time_partitioning["expirationMs"] = str(int(float(value) * _MILLISECONDS_PER_DAY))
        elif name in _UNSUPPORTED:
            raise not_implemented(f"the option {name}")
        else:
            raise invalid_query(f"Unknown option: {name}")


def column_field(execution: Execution, column: n.ColumnDefinition) -> Field:
    """The REST field of a column definition."""
    field = type_field(column.name, column.type)
    if column.not_null:
        if field["mode"] == "REPEATED":
            raise invalid_query(f"NOT NULL cannot be applied to ARRAY field {column.name}")
        field["mode"] = "REQUIRED"
    for name, value in _values(execution, column.options).items():
        if name != "description":
            raise invalid_query(f"Unknown option: {name}")
        field["description"] = value
    for index, inner in enumerate(field.get("fields", [])):
        definition = column.fields.get(inner["name"])
        if definition is not None:
            field["fields"][index] = column_field(execution, definition)
    return field


def apply_partitioning(meta: TableMeta, node: n.Node | None) -> None:
    """Set what PARTITION BY says."""
    if node is None:
        return
    if isinstance(node, n.Call) and node.name == "RANGE_BUCKET":
        meta.range_partitioning = _ranges(meta, node)
        return
    column, unit = _time(node)
    if column.upper() in ("_PARTITIONDATE", "_PARTITIONTIME"):
        raise not_implemented("partitions by ingestion time")
    field = _field(meta, column, node)
    if field["type"] not in _TIME_TYPES or field.get("mode") == "REPEATED":
        fail(_WANTED, node.position)
    if isinstance(node, n.Path) and field["type"] != "DATE":
        fail(f"PARTITION BY column {column} must be of type DATE; use TIMESTAMP_TRUNC or DATE around it", node.position)
    meta.time_partitioning = {"type": unit, "field": field["name"]}


def _ranges(meta: TableMeta, node: n.Call) -> dict[str, Any]:
    """RANGE_BUCKET(column, GENERATE_ARRAY(start, end[, interval])): the end is excluded, of all and of each."""
    column, series = node.arguments if len(node.arguments) == 2 else (None, None)
    if not isinstance(column, n.Path) or not isinstance(series, n.Call) or series.name != "GENERATE_ARRAY":
        fail(_WANTED, node.position)
    numbers = [each.value for each in series.arguments if isinstance(each, n.Literal) and type(each.value) is int]
    field = _field(meta, column.names[-1], node)
    is_number = field["type"] in ("INTEGER", "INT64") and field.get("mode") != "REPEATED"
    if not is_number or len(numbers) != len(series.arguments) or len(numbers) not in (2, 3):
        fail(_WANTED, node.position)
    start, end, interval = (*numbers, 1)[:3]
    if interval < 1 or end <= start:
        fail("GENERATE_ARRAY of PARTITION BY must rise by at least one", node.position)
    if -(-(end - start) // interval) > _MOST_PARTITIONS:
        fail(f"PARTITION BY makes more than {_MOST_PARTITIONS} partitions", node.position)
    told = {"start": str(start), "end": str(end), "interval": str(interval)}
    return {"field": field["name"], "range": told}


def _time(node: n.Node) -> tuple[str, str]:
    """The column and the unit of a time partitioning."""
    if isinstance(node, n.Path):
        return node.names[-1], "DAY"
    if isinstance(node, n.Call) and node.arguments and isinstance(node.arguments[0], n.Path):
        column = node.arguments[0].names[-1]
        if node.name == "DATE":
            return column, "DAY"
        if node.name in ("TIMESTAMP_TRUNC", "DATE_TRUNC") and len(node.arguments) == 2:
            part = node.arguments[1]
            unit = part.names[0].upper() if isinstance(part, n.Path) else ""
            if unit in _UNITS:
                return column, unit
    fail("Unsupported PARTITION BY expression", node.position)


def _field(meta: TableMeta, name: str, node: n.Node) -> Field:
    for field in meta.fields:
        if field["name"].lower() == name.lower():
            return field
    fail(f"Unrecognized name: {name}", node.position)
