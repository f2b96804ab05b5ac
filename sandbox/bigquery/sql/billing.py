"""What a statement bills, by BigQuery's rules for on-demand queries, and the limits that a job sets to it.

Ten megabytes at least for each table; else the columns that are read, in the partitions that a condition leaves, whole
megabytes of both. Clustering saves nothing here: nor does it where BigQuery holds a statement against a limit, which it
does before the statement runs. Bytes are of typical values, not of these: a text counts 24.

Tables that are small as a whole are not looked at any closer, so that nothing is slower for it.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.model import TableMeta, TableRef
from sandbox.bigquery.names import physical_name, quote
from sandbox.bigquery.partitions import granularity, partition_column
from sandbox.bigquery.sql.environment import Environment

Ask = Callable[..., Any]
"""Runs DuckDB text, with the values that it asks for as a second argument; answers the cursor."""

MEGABYTE = 1 << 20
LEAST = 10 * MEGABYTE
_WIDTHS = {"BOOL": 1, "BOOLEAN": 1, "STRING": 24, "BYTES": 24, "RECORD": 60, "STRUCT": 60}
_READING = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "CREATE", "MERGE")


def exceeded(limit: int, needed: int) -> BigQueryError:
    """What a job ends with that would bill more than it may; its client calls it a 500 when it polls, else a 400."""
    return BigQueryError(
        400,
        "bytesBilledLimitExceeded",
        f"Query exceeded limit for bytes billed: {limit}. {needed} or higher required.",
    )


class Billing:
    """What a job has billed so far, and may.

    Args:
        job_limit: ``maximumBytesBilled``; of a script for all its statements together.
        statement_limit: ``scriptOptions.statementByteBudget``, for each statement of a script.
    """

    def __init__(self, job_limit: int | None = None, statement_limit: int | None = None) -> None:
        self.job_limit, self.statement_limit = job_limit, statement_limit
        self.billed = 0
        self.last = 0
        """What the last statement billed."""
        self.processed = 0
        """The bytes that the last statement read."""

    def charge(
        self,
        environment: Environment,
        ask: Ask,
        read: Iterable[TableRef],
        texts: Iterable[str],
        rewritten: TableRef | None = None,
    ) -> None:
        """Bill a statement before it runs.

        Args:
            environment: what it was compiled against.
            ask: runs DuckDB text.
            read: the tables that it refers to.
            texts: DuckDB's for it.
            rewritten: the table whose rows it changes: all columns of what it scans are billed.

        Raises:
            BigQueryError: it would bill more than the job or one of its statements may.
        """
        self.processed, size = bytes_read(environment, ask, read, texts, rewritten)
        if self.statement_limit is not None and size > self.statement_limit:
            raise exceeded(self.statement_limit, size)
        if self.job_limit is not None and self.billed + size > self.job_limit:
            raise exceeded(self.job_limit, self.billed + size)
        self.billed += size
        self.last = size


def stored_bytes(environment: Environment, ref: TableRef) -> int:
    """Return the bytes of a whole table; a view has none of its own."""
    meta = environment.table(ref)
    return int(environment.catalog.count_rows(meta)) * row_width(meta, None)


def bytes_read(
    environment: Environment,
    ask: Ask,
    read: Iterable[TableRef],
    texts: Iterable[str],
    rewritten: TableRef | None,
) -> tuple[int, int]:
    """Return what a statement reads, and what it bills for that."""
    processed, billed = 0, LEAST * len(environment.referenced_temporaries)
    large: list[TableMeta] = []
    for ref in read:
        meta = environment.table(ref)
        if meta.kind != "TABLE":
            continue  # a view bills what is below it
        if (size := stored_bytes(environment, ref)) <= LEAST:
            processed += size
            billed += LEAST
        else:
            large.append(meta)
    if large:
        scans = [scan for text in texts for scan in _scans(ask, text)]
        for meta in large:
            own = [scan for scan in scans if scan["Table"].endswith(physical_name(meta.ref).replace('"', ""))]
            if not own:
                billed += LEAST  # DuckDB sees that no row fits
                continue
            columns = None if meta.ref == rewritten else {name for scan in own for name in _columns(meta, scan)}
            size = _rows(environment, ask, meta, own) * row_width(meta, columns)
            processed += size
            billed += max(LEAST, _whole(size))
    return processed, billed


def _whole(size: int) -> int:
    return -(-size // MEGABYTE) * MEGABYTE


def row_width(meta: TableMeta, columns: set[str] | None) -> int:
    """Return the bytes of a row's columns; None for all."""
    return sum(
        _WIDTHS.get(str(field["type"]).upper(), 8)
        for field in meta.fields
        if columns is None or field["name"].lower() in columns
    )


def _scans(ask: Ask, text: str) -> Iterator[dict[str, Any]]:
    """Yield the reads of tables of DuckDB's plan, names without quotes: it reads only the columns that are needed."""
    if not text.lstrip("( ").upper().startswith(_READING):
        return
    (_, plan), *_ = ask(f"EXPLAIN (FORMAT json) {text}").fetchall()
    waiting = json.loads(plan)
    while waiting:
        node = waiting.pop()
        waiting += node.get("children", [])
        told = node.get("extra_info", {})
        if node["name"].strip() == "SEQ_SCAN" and "Table" in told:
            yield {**told, "Table": told["Table"].replace('"', "")}


def _columns(meta: TableMeta, scan: dict[str, Any]) -> Iterator[str]:
    projections = scan.get("Projections", [])
    named = {name.strip('" ').lower() for name in ([projections] if isinstance(projections, str) else projections)}
    filters = str(scan.get("Filters", "")).lower()
    for field in meta.fields:
        name = field["name"].lower()
        if name in named or re.search(rf"\b{re.escape(name)}\b", filters):
            yield name


def _rows(environment: Environment, ask: Ask, meta: TableMeta, scans: list[dict[str, Any]]) -> int:
    """Return how many rows the partitions have that the scans do not leave out."""
    column = partition_column(meta)
    bounds = [_condition(str(scan.get("Filters", "")), column) for scan in scans] if column else [None]
    if not column or not all(bounds):
        return int(environment.catalog.count_rows(meta))
    table, unit = physical_name(meta.ref), granularity(meta).lower()
    step = f"INTERVAL 1 {unit}"
    if meta.range_partitioning is not None:
        edge = meta.range_partitioning["range"]
        step = edge["interval"]

    def start(value: str) -> str:
        if meta.range_partitioning is not None:
            return f"{edge['start']} + CAST(floor(({value} - {edge['start']}) / {step}) AS BIGINT) * {step}"
        return f"date_trunc('{unit}', timezone('UTC', CAST({value} AS TIMESTAMPTZ)))"

    where = " OR ".join(f"({condition})" for condition in bounds)
    edges = f"SELECT {start(f'min({quote(column)})')}, {start(f'max({quote(column)})')} FROM {table} WHERE {where}"
    low, high = ask(edges, {}).fetchall()[0]
    # By constants, so that DuckDB looks only at what lies between.
    asked = f"SELECT count(*) FROM {table} WHERE {quote(column)} >= $low AND {quote(column)} < $high + {step}"
    (rows,) = ask(asked, {"low": low, "high": high}).fetchall()[0]
    return int(rows)


def _condition(filters: str, column: str | None) -> str | None:
    """Return the comparisons of the partition column with constants, as a condition; None where there is none."""
    pattern = rf"\"?{re.escape(column or '')}\"?\s*(>=|<=|>|<|=)\s*('[^']*'::[A-Z ]+|-?\d+)"
    found = re.findall(pattern, filters)
    return " AND ".join(f"{quote(column or '')} {operator} {value.strip()}" for operator, value in found) or None
