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
