"""The CREATE statement of a table or view, as INFORMATION_SCHEMA.TABLES shows it."""

import json

from sandbox.bigquery.model import Field, TableMeta
from sandbox.bigquery.partitions import granularity
from sandbox.bigquery.schema import sql_type
from sandbox.bigquery.sql.token_stream import RESERVED
from sandbox.bigquery.table_options import table_options

_TRUNCATIONS = {"TIMESTAMP": "TIMESTAMP_TRUNC", "DATETIME": "DATETIME_TRUNC", "DATE": "DATE_TRUNC"}


def create_ddl(meta: TableMeta) -> str:
    """GoogleSQL that makes such a table again."""
    name = f"`{meta.ref.project}.{meta.ref.dataset}.{meta.ref.table}`"
    clauses = [f"CREATE {meta.kind.replace('_', ' ')} {name}"]
    if meta.kind == "TABLE":
        clauses.append("(\n" + ",\n".join(f"  {_column(field)}" for field in meta.fields) + "\n)")
        clauses += _layout(meta)
    options = ",\n".join(f"  {option}={value}" for option, _, value in table_options(meta))
    if options:
        clauses.append(f"OPTIONS(\n{options}\n)")
    if meta.kind != "TABLE":
        clauses.append(f"AS {meta.view_query}")
    return "\n".join(clauses) + ";"


def _column(field: Field) -> str:
    text = f"{_name(field['name'])} {sql_type(field)}"
    if field.get("defaultValueExpression"):
        text += f" DEFAULT {field['defaultValueExpression']}"
    if field.get("mode") == "REQUIRED":
        text += " NOT NULL"
    if field.get("description"):
        text += f" OPTIONS(description={json.dumps(field['description'])})"
    return text


def _layout(meta: TableMeta) -> list[str]:
    clauses = []
    if meta.time_partitioning is not None:
        clauses.append(f"PARTITION BY {_time_partition(meta)}")
    if meta.range_partitioning is not None:
        bounds = meta.range_partitioning["range"]
        array = f"GENERATE_ARRAY({bounds['start']}, {bounds['end']}, {bounds['interval']})"
        clauses.append(f"PARTITION BY RANGE_BUCKET({_name(meta.range_partitioning['field'])}, {array})")
    if meta.clustering:
        clauses.append(f"CLUSTER BY {', '.join(_name(column) for column in meta.clustering)}")
    return clauses


def _time_partition(meta: TableMeta) -> str:
    column, unit = (meta.time_partitioning or {}).get("field"), granularity(meta)
    if not column:
        return "_PARTITIONDATE" if unit == "DAY" else f"TIMESTAMP_TRUNC(_PARTITIONTIME, {unit})"
    kinds = {field["name"].lower(): field["type"] for field in meta.fields}
    kind = str(kinds[column.lower()])
    if unit == "DAY":
        return _name(column) if kind == "DATE" else f"DATE({_name(column)})"
    return f"{_TRUNCATIONS[kind]}({_name(column)}, {unit})"


def _name(column: str) -> str:
    return f"`{column}`" if column.upper() in RESERVED else column
