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
        """
        SELECT body, (SELECT max(ms) FROM _bq.touches WHERE project = $project AND dataset = $dataset AND name = $name)
        FROM _bq.tables WHERE project = $project AND dataset = $dataset AND name = $name
        """,
        {"project": ref.project, "dataset": ref.dataset, "name": ref.table},
    ).fetchone()
    return _meta(*row) if row else None


def read_records(cursor: DuckDBPyConnection, project: str, dataset: str) -> list[TableMeta]:
    """The metadata of a dataset's tables, by name."""
    rows = cursor.execute(
        """
        WITH touched AS (
          SELECT name, max(ms) AS ms FROM _bq.touches WHERE project = $project AND dataset = $dataset GROUP BY name
        )
        SELECT body, ms FROM _bq.tables LEFT JOIN touched USING (name)
        WHERE project = $project AND dataset = $dataset ORDER BY name
        """,
        {"project": project, "dataset": dataset},
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


def _meta(body: str, touched_ms: int | None) -> TableMeta:
    stored: dict[str, Any] = json.loads(body)
    meta = TableMeta(**{**stored, "ref": TableRef(**stored["ref"])})
    meta.modified_ms = max(meta.modified_ms, touched_ms or 0)
    return meta
