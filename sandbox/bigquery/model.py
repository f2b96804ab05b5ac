"""What the SQL side (``sandbox.bigquery.sql``) and the server side share: names, table metadata, statement results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Field = dict[str, Any]
"""A REST TableFieldSchema: name, type (legacy REST names: INTEGER, FLOAT, BOOLEAN, RECORD, STRING, TIMESTAMP, …),
mode (NULLABLE | REQUIRED | REPEATED), fields, description."""


@dataclass(frozen=True, order=True)
class TableRef:
    """A fully qualified table name."""

    project: str
    dataset: str
    table: str

    def __str__(self) -> str:
        return f"{self.project}:{self.dataset}.{self.table}"


@dataclass
class TableMeta:
    """Everything known of a table or view apart from its rows; JSON-serialisable through ``dataclasses.asdict``."""

    ref: TableRef
    kind: str = "TABLE"  # TABLE | VIEW
    fields: list[Field] = field(default_factory=list)
    time_partitioning: dict[str, Any] | None = None  # REST form: type, field, expirationMs
    range_partitioning: dict[str, Any] | None = None  # REST form: field, range: start, end, interval
    clustering: list[str] | None = None
    require_partition_filter: bool = False
    description: str | None = None
    expiration_ms: int | None = None
    view_query: str | None = None
    created_ms: int = 0
    modified_ms: int = 0


@dataclass
class StatementResult:
    """What one statement of a script answered.

    ``statement_type`` is BigQuery's (SELECT, INSERT, UPDATE, DELETE, MERGE, CREATE_TABLE, CREATE_TABLE_AS_SELECT,
    CREATE_VIEW, DROP_TABLE, ALTER_TABLE, BEGIN_TRANSACTION, …). ``rows`` are Python values in ``fields`` order:
    TIMESTAMP as aware UTC datetime, STRUCT as dict, ARRAY as list, NUMERIC as Decimal.
    """

    sql: str
    statement_type: str
    fields: list[Field] = field(default_factory=list)
    rows: Sequence[tuple[Any, ...]] = field(default_factory=list)
    affected_rows: int | None = None
    dml_stats: dict[str, int] | None = None  # insertedRowCount, updatedRowCount, deletedRowCount
    ddl_target: TableRef | None = None
    ddl_operation: str | None = None  # CREATE | SKIP | REPLACE | ALTER | DROP
    referenced: list[TableRef] = field(default_factory=list)
    bytes_processed: int = 0
    bytes_billed: int = 0
