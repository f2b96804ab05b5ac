"""Start the stand-ins as the real processes they are."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

PROJECT = "test-project"

_STOP_SECONDS = 10.0


@dataclass
class StandIn:
    """A BigQuery stand-in that runs in a process of its own."""

    process: subprocess.Popen[str]
    url: str

    def client(self, **options: object) -> bigquery.Client:
        """Return the real client, pointed here the way its users point it."""
        before = os.environ.get("BIGQUERY_EMULATOR_HOST")
        os.environ["BIGQUERY_EMULATOR_HOST"] = self.url
        try:
            return bigquery.Client(project=PROJECT, credentials=AnonymousCredentials(), **options)  # type: ignore[arg-type]
        finally:
            del os.environ["BIGQUERY_EMULATOR_HOST"]
            if before is not None:
                os.environ["BIGQUERY_EMULATOR_HOST"] = before

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(_STOP_SECONDS)


def run(client: bigquery.Client, sql: str, **options: Any) -> Any:
    """Run a query job to its end; return its rows."""
    return client.query(sql, **options).result()


def create_table(client: bigquery.Client, table: bigquery.Table, exists_ok: bool = False) -> None:
    """Create a table as the product does: by a statement."""
    columns = ", ".join(f"`{field.name}` {_sql_type(field)}{_options(field.description)}" for field in table.schema)
    parts = [f"CREATE TABLE {'IF NOT EXISTS ' if exists_ok else ''}`{table.reference}` ({columns})"]
    if by := table.time_partitioning:
        is_date = any(field.name == by.field and field.field_type == "DATE" for field in table.schema)
        parts.append(f"PARTITION BY {f'`{by.field}`' if is_date else f'TIMESTAMP_TRUNC(`{by.field}`, {by.type_})'}")
    if table.clustering_fields:
        parts.append(f"CLUSTER BY {', '.join(f'`{name}`' for name in table.clustering_fields)}")
    days = by.expiration_ms / 86_400_000 if by and by.expiration_ms else None
    told = {"partition_expiration_days": days, "require_partition_filter": table.require_partition_filter}
    parts.append(_options(table.description, **told))
    run(client, " ".join(parts))


def _sql_type(field: bigquery.SchemaField) -> str:
    kind = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}.get(field.field_type, field.field_type)
    if kind == "RECORD":
        kind = f"STRUCT<{', '.join(f'`{inner.name}` {_sql_type(inner)}' for inner in field.fields)}>"
    return f"ARRAY<{kind}>" if field.mode == "REPEATED" else kind + (" NOT NULL" if field.mode == "REQUIRED" else "")


def _options(description: str | None, **more: object) -> str:
    given = {"description": f"'{description}'" if description else None, **more}
    listed = ", ".join(f"{name} = {value}" for name, value in given.items() if value is not None)
    return f" OPTIONS ({listed})" if listed else ""


@contextmanager
def stand_in(data: Path | None = None, wait: float | None = None, **environment: str) -> Iterator[StandIn]:
    """Run ``python -m sandbox.bigquery`` on a free port; ``wait`` as its option."""
    command = [sys.executable, "-m", "sandbox.bigquery", "--port", "0"] + (["--data", str(data)] if data else [])
    command += [] if wait is None else ["--wait", str(wait)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready http://"), line
        yield StandIn(process, line.split()[1])
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


@contextmanager
def cloud_storage() -> Iterator[str]:
    """Run a Cloud Storage stand-in from PyPI in a process; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = (
        "import threading; from gcp_storage_emulator.server import create_server; "
        f"create_server('127.0.0.1', {port}, in_memory=True).start(); "
        "print('ready', flush=True); threading.Event().wait()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        while "ready" not in process.stdout.readline():
            assert process.poll() is None
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(_STOP_SECONDS)
