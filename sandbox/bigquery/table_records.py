"""Table metadata in the database: one row per table, beside an append-only list of the moments when rows changed.

The moments are apart because every DML statement notes one: were they in the table's own row, two transactions that
only append to a table would conflict over it.
"""

import json
from dataclasses import asdict
from typing import Any

from duckdb import DuckDBPyConnection

from sandbox.bigquery.model import TableMeta, TableRef


def read_record(cursor: DuckDBPyConnection, ref: TableRef) -> TableMeta | None:
    """A table's metadata, or None."""
    row = cursor.execute(
        "SELECT body FROM _bq.tables WHERE project = ? AND dataset = ? AND name = ?",
        [ref.project, ref.dataset, ref.table],
    ).fetchone()
    return _meta(*row) if row else None


def read_records(cursor: DuckDBPyConnection, project: str, dataset: str) -> list[TableMeta]:
    """The metadata of a dataset's tables, by name."""
    rows = cursor.execute(
        "SELECT body FROM _bq.tables WHERE project = ? AND dataset = ? ORDER BY name", [project, dataset]
    ).fetchall()
    return [_meta(*row) for row in rows]


def write_record(cursor: DuckDBPyConnection, meta: TableMeta, now_ms: int) -> None:
    """Store metadata; ``delete_record`` removes what was there."""
    meta.modified_ms = max(now_ms, meta.modified_ms)
    ref = meta.ref
    body = json.dumps(asdict(meta))
    cursor.execute("INSERT INTO _bq.tables VALUES (?, ?, ?, ?)", [ref.project, ref.dataset, ref.table, body])


def delete_record(cursor: DuckDBPyConnection, ref: TableRef) -> None:
    """Forget a table's metadata."""
    cursor.execute(
        "DELETE FROM _bq.tables WHERE project = ? AND dataset = ? AND name = ?", [ref.project, ref.dataset, ref.table]
    )


def touch_record(cursor: DuckDBPyConnection, ref: TableRef, now_ms: int) -> None:
    """Note that a table's rows changed."""
    cursor.execute("INSERT INTO _bq.touches VALUES (?, ?, ?, ?)", [ref.project, ref.dataset, ref.table, now_ms])


def last_touch_ms(cursor: DuckDBPyConnection, ref: TableRef) -> int:
    """When a table's rows changed last; 0 when they never did."""
    row = cursor.execute(
        "SELECT max(ms) FROM _bq.touches WHERE project = ? AND dataset = ? AND name = ?",
        [ref.project, ref.dataset, ref.table],
    ).fetchone()
    return row[0] or 0 if row else 0


def _meta(body: str) -> TableMeta:
    stored: dict[str, Any] = json.loads(body)
    return TableMeta(**{**stored, "ref": TableRef(**stored["ref"])})
