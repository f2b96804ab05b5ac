"""OPTIONS(...) of tables and datasets as INFORMATION_SCHEMA lists them: name, GoogleSQL type, GoogleSQL literal."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sandbox.bigquery.model import TableMeta

MILLISECONDS_PER_DAY = 86_400_000
_LABELS_TYPE = "ARRAY<STRUCT<STRING, STRING>>"

Option = tuple[str, str, str]


def table_options(meta: TableMeta) -> Iterator[Option]:
    """The options that are set on a table or view."""
    expires_after = (meta.time_partitioning or {}).get("expirationMs")
    if expires_after:
        yield ("partition_expiration_days", "FLOAT64", str(int(expires_after) / MILLISECONDS_PER_DAY))
    if meta.expiration_ms is not None:
        moment = datetime.fromtimestamp(meta.expiration_ms / 1000, UTC)
        text = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
        yield "expiration_timestamp", "TIMESTAMP", f'TIMESTAMP "{text}"'
    if meta.require_partition_filter:
        yield "require_partition_filter", "BOOL", "true"
    yield from _described(meta.description, meta.friendly_name, meta.labels)


def schema_options(body: dict[str, Any]) -> Iterator[Option]:
    """The options that are set on a dataset, from its stored attributes."""
    expires_after = body.get("defaultTableExpirationMs")
    if expires_after:
        yield ("default_table_expiration_days", "FLOAT64", str(int(expires_after) / MILLISECONDS_PER_DAY))
    yield from _described(body.get("description"), body.get("friendlyName"), body.get("labels") or {})


def _described(description: str | None, friendly_name: str | None, labels: dict[str, str]) -> Iterator[Option]:
    if description is not None:
        yield "description", "STRING", json.dumps(description)
    if friendly_name is not None:
        yield "friendly_name", "STRING", json.dumps(friendly_name)
    if labels:
        pairs = ", ".join(f"STRUCT({json.dumps(key)}, {json.dumps(value)})" for key, value in labels.items())
        yield "labels", _LABELS_TYPE, f"[{pairs}]"
