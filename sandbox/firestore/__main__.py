"""``python -m sandbox.firestore``: the Firestore stand-in as a process."""

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

from sandbox.firestore.control import serve_control
from sandbox.firestore.faults import Faults
from sandbox.firestore.server import start_server
from sandbox.firestore.service import Service
from sandbox.firestore.store import PRUNE_MARGIN, Store
from sandbox.lifecycle import LOOPBACK, announce, stop_requested

PRUNE_EVERY_SECONDS = 600.0
_HELP = """\
Serve Firestore's v1 gRPC API on loopback. Point any client at it with
  export FIRESTORE_EMULATOR_HOST=127.0.0.1:PORT no_proxy=127.0.0.1
Databases and collections come into being when they are written to."""


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.firestore", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8430, help="port to listen on; 0 picks a free one (default: 8430)")
    parser.add_argument("--data", type=Path, help="folder to keep documents in; without it they are gone at the end")
    parser.add_argument(
        "--control-port",
        type=int,
        help='port for faults and time: PUT /fault {"code": "UNAVAILABLE", "methods": ["RunQuery"], "times": 3, '
        '"delay_seconds": 0}, DELETE /fault, PUT /clock {"now": "2026-03-02T10:05:00Z"}; '
        "its address is printed as a second line",
    )
    return parser.parse_args()


def _prune(store: Store, stop: threading.Event) -> None:
    while not stop.is_set():
        before = store.clock.oldest() - PRUNE_MARGIN
        while store.prune(before) and not stop.is_set():
            time.sleep(0.01)  # let the commits that wait for the lock go first
        stop.wait(PRUNE_EVERY_SECONDS)


def _serve(directory: Path, arguments: argparse.Namespace) -> None:
    stop = stop_requested()
    store = Store(directory)
    faults = Faults()
    try:
        server, port = start_server(Service(store), faults, arguments.port)
        has_control = arguments.control_port is not None
        control = serve_control(faults, store.clock, arguments.control_port) if has_control else None
    except (OSError, RuntimeError) as error:
        sys.exit(f"cannot listen on {LOOPBACK}: {error}")
    announce(f"{LOOPBACK}:{port}")
    if control:
        print(f"control http://{LOOPBACK}:{control.server_port}", flush=True)
    ended = threading.Event()
    pruner = threading.Thread(target=_prune, args=(store, ended))
    pruner.start()
    stop.wait()
    ended.set()
    server.stop(grace=0.5).wait()
    pruner.join()


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    arguments = _parse()
    if arguments.data:
        arguments.data.mkdir(parents=True, exist_ok=True)
        _serve(arguments.data, arguments)
        return
    with tempfile.TemporaryDirectory(prefix="sandbox-firestore-", ignore_cleanup_errors=True) as directory:
        _serve(Path(directory), arguments)


if __name__ == "__main__":
    main()
