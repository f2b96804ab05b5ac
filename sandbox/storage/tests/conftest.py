"""A stand-in for the session, and a bucket for each test."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

os.environ["no_proxy"] = "127.0.0.1,localhost"


def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start the stand-in on a free port; return the process and its address."""
    command = [sys.executable, "-m", "sandbox.storage", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    ready, _, address = process.stdout.readline().strip().partition(" ")
    assert ready == "ready", "the stand-in did not start"
    return process, address


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    """Send a signal, wait for the end, return the exit status."""
    process.send_signal(number)
    status = process.wait(timeout=10)
    assert process.stdout
    process.stdout.close()
    return status


def connect(address: str) -> storage.Client:
    """Return the real client, pointed at the stand-in as anyone would point it."""
    os.environ["STORAGE_EMULATOR_HOST"] = address
    try:
        return storage.Client(project="demo", credentials=AnonymousCredentials())
    finally:
        del os.environ["STORAGE_EMULATOR_HOST"]


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Run one stand-in for the session; yield its address."""
    process, address = start("--bucket", "given")
    yield address
    assert stop(process) == 0


@pytest.fixture
def client(address: str) -> storage.Client:
    """Return a client of the stand-in."""
    return connect(address)


@pytest.fixture
def bucket(client: storage.Client) -> storage.Bucket:
    """Return a bucket of the test's own."""
    return client.create_bucket(f"test-{uuid.uuid4().hex[:12]}")
