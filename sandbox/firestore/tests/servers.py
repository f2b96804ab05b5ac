"""Starting the stand-in and the Java emulator as processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from google.cloud import firestore

_IN_SDK = Path("platform/cloud-firestore-emulator/cloud-firestore-emulator.jar")
_JAVA_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"


def start_stand_in(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start the stand-in on a free port and return the process and its address."""
    command = [sys.executable, "-m", "sandbox.firestore", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready, _, address = process.stdout.readline().strip().partition(" ")
    assert ready == "ready", "the stand-in did not start"
    return process, address


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    """Send a signal, wait for the end and return the exit status."""
    process.send_signal(number)
    status = process.wait(timeout=10)
    if process.stdout:
        process.stdout.close()
    return status


@contextmanager
def stand_in(*arguments: str) -> Iterator[str]:
    """Run the stand-in; yield its address."""
    process, address = start_stand_in(*arguments)
    try:
        yield address
    finally:
        if process.poll() is None:
            stop(process)


def find_java_emulator() -> Path | None:
    """Return the emulator's jar: from FIRESTORE_EMULATOR_JAR, else from a Google Cloud SDK, else None."""
    if named := os.environ.get("FIRESTORE_EMULATOR_JAR"):
        return Path(named)
    roots = [Path(root) for root in (os.environ.get("CLOUDSDK_ROOT"), "/usr/lib/google-cloud-sdk") if root]
    if gcloud := shutil.which("gcloud"):
        roots.insert(0, Path(gcloud).resolve().parent.parent)
    return next((root / _IN_SDK for root in roots if (root / _IN_SDK).exists()), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def java_emulator(jar: Path) -> Iterator[str]:
    """Run the Java emulator; yield its address."""
    port = _free_port()
    command = ["java", "-Duser.language=en", "-cp", str(jar), _JAVA_MAIN, "start", "--host", "127.0.0.1"]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, "the Java emulator did not start"
                time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def connect(address: str, project: str, database: str | None = None) -> firestore.Client:
    """Return the real client, pointed at a server as anyone would point it."""
    os.environ["FIRESTORE_EMULATOR_HOST"] = address
    try:
        return firestore.Client(project=project, database=database)
    finally:
        del os.environ["FIRESTORE_EMULATOR_HOST"]
