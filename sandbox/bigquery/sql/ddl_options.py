"""OPTIONS(…) and PARTITION BY of DDL, as table metadata."""

from typing import Any

from sandbox.bigquery.errors import invalid_query, not_implemented
from sandbox.bigquery.model import Field, TableMeta
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.expression import fail
from sandbox.bigquery.sql.queries import evaluate
from sandbox.bigquery.sql.tables import partition_column
from sandbox.bigquery.sql.types import type_field

_MILLISECONDS_PER_DAY = 86_400_000
_UNITS = ("HOUR", "DAY", "MONTH", "YEAR")
_TIME_TYPES = ("DATE", "TIMESTAMP", "DATETIME")
# Options that change nothing a query could see.
_IGNORED = frozenset(
    """kms_key_name default_kms_key_name default_rounding_mode location max_time_travel_hours storage_billing_model
    enable_refresh refresh_interval_minutes max_staleness allow_non_incremental_definition tags is_case_insensitive
    default_partition_expiration_days enable_change_history privacy_policy strict_mode""".split()
)


def option_values(execution: Execution, options: dict[str, n.Node]) -> dict[str, Any]:
    """The options' values."""
    return {name: evaluate(execution, node).value for name, node in options.items()}


def apply_options(execution: Execution, meta: TableMeta, options: dict[str, n.Node]) -> None:
    """Set a table's OPTIONS; NULL removes one."""
    for name, value in option_values(execution, options).items():
        if name == "description":
            meta.description = value
        elif name == "friendly_name":
            meta.friendly_name = value
        elif name == "labels":
            meta.labels = labels(value)
        elif name == "expiration_timestamp":
            meta.expiration_ms = None if value is None else int(value.timestamp() * 1000)
        elif name == "require_partition_filter":
            if value and partition_column(meta) is None:
                raise invalid_query("require_partition_filter can be set only on partitioned tables")
            meta.require_partition_filter = bool(value)
        elif name == "partition_expiration_days":
            if meta.time_partitioning is None:
                raise invalid_query("partition_expiration_days can be set only on time-partitioned tables")
            meta.time_partitioning.pop("expirationMs", None)
            if value is not None:
                meta.time_partitioning["expirationMs"] = str(int(float(value) * _MILLISECONDS_PER_DAY))
        elif name not in _IGNORED:
            raise invalid_query(f"Unknown option: {name}")


def labels(value: list[dict[str, str]] | None) -> dict[str, str]:
    """``[('key', 'value'), …]`` as a dict."""
    return {str(pair[key]): str(pair[item]) for pair in value or [] for key, item in [tuple(pair)[:2]]}


def column_field(execution: Execution, column: n.ColumnDefinition) -> Field:
    """The REST field of a column definition."""
    field = type_field(column.name, column.type)
    if column.not_null:
        if field["mode"] == "REPEATED":
            raise invalid_query(f"NOT NULL cannot be applied to ARRAY field {column.name}")
        field["mode"] = "REQUIRED"
    if column.default is not None:
        field["defaultValueExpression"] = column.default
    apply_column_options(execution, field, column.options)
    for index, inner in enumerate(field.get("fields", [])):
        definition = column.fields.get(inner["name"])
        if definition is not None:
            field["fields"][index] = column_field(execution, definition)
    return field


def apply_column_options(execution: Execution, field: Field, options: dict[str, n.Node]) -> None:
    """Set a column's OPTIONS."""
    for name, value in option_values(execution, options).items():
        if name == "description":
            field.pop("description", None)
            if value is not None:
                field["description"] = value
        elif name not in ("rounding_mode", "data_policies"):
            raise invalid_query(f"Unknown option: {name}")


def apply_partitioning(meta: TableMeta, node: n.Node | None) -> None:
    """Set what PARTITION BY says."""
    if node is None:
        return
    if isinstance(node, n.Call) and node.name == "RANGE_BUCKET":
        meta.range_partitioning = _range(meta, node)
        return
    column, unit = _time(node)
    if column.upper() in ("_PARTITIONDATE", "_PARTITIONTIME"):
        meta.time_partitioning = {"type": unit}
        return
    field = _field(meta, column, node)
    if field["type"] not in _TIME_TYPES or field.get("mode") == "REPEATED":
        fail(
            "PARTITION BY expression must be DATE(<timestamp_column>), DATE(<datetime_column>), DATE(_PARTITIONTIME), "
            "a DATE column, TIMESTAMP_TRUNC(<timestamp_column>, DAY/HOUR/MONTH/YEAR), or "
            "RANGE_BUCKET(<int64_column>, GENERATE_ARRAY(<int64_value>, <int64_value>[, <int64_value>]))",
            node.position,
        )
    if isinstance(node, n.Path) and field["type"] != "DATE":
        fail(f"PARTITION BY column {column} must be of type DATE; use TIMESTAMP_TRUNC or DATE around it", node.position)
    meta.time_partitioning = {"type": unit, "field": field["name"]}


def _time(node: n.Node) -> tuple[str, str]:
    """The column and the unit of a time partitioning."""
    if isinstance(node, n.Path):
        return node.names[-1], "DAY"
    if isinstance(node, n.Call) and node.arguments and isinstance(node.arguments[0], n.Path):
        column = node.arguments[0].names[-1]
        if node.name == "DATE":
            return column, "DAY"
        if node.name in ("TIMESTAMP_TRUNC", "DATETIME_TRUNC", "DATE_TRUNC") and len(node.arguments) == 2:
            part = node.arguments[1]
            unit = part.names[0].upper() if isinstance(part, n.Path) else ""
            if unit in _UNITS:
                return column, unit
    fail("Unsupported PARTITION BY expression", node.position)


def _range(meta: TableMeta, node: n.Call) -> dict[str, Any]:
    column, array = node.arguments[0], node.arguments[1]
    if not isinstance(column, n.Path) or not isinstance(array, n.Call) or array.name != "GENERATE_ARRAY":
        raise not_implemented("RANGE_BUCKET partitions that are not by GENERATE_ARRAY")
    numbers = [item.value if isinstance(item, n.Literal) else None for item in array.arguments]
    if len(numbers) == 2:
        numbers.append(1)
    if len(numbers) != 3 or not all(isinstance(number, int) for number in numbers):
        fail("RANGE_BUCKET needs GENERATE_ARRAY over integer literals", node.position)
    field = _field(meta, column.names[-1], node)
    if field["type"] != "INTEGER":
        fail("RANGE_BUCKET partitions are by INT64 columns", node.position)
    bounds = dict(zip(("start", "end", "interval"), map(str, numbers), strict=True))
    return {"field": field["name"], "range": bounds}


def _field(meta: TableMeta, name: str, node: n.Node) -> Field:
    for field in meta.fields:
        if field["name"].lower() == name.lower():
            return field
    fail(f"Unrecognized name: {name}", node.position)
