"""``python -m sandbox.storage``: the Cloud Storage stand-in as a process."""

import argparse
import logging
import sys
import threading
from pathlib import Path

from gcp_storage_emulator.handlers.buckets import create_bucket

from sandbox.lifecycle import LOOPBACK, announce, stop_requested
from sandbox.storage.corrections import PatientStorage
from sandbox.storage.server import StorageServer

_HELP = """\
Serve the Cloud Storage JSON API on loopback. Point any client at it with
  export STORAGE_EMULATOR_HOST=http://127.0.0.1:PORT no_proxy=127.0.0.1"""


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.storage", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=9023, help="port to listen on; 0 picks a free one (default: 9023)")
    parser.add_argument("--data", type=Path, help="folder to keep objects in; without it they are gone at the end")
    parser.add_argument(
        "--bucket", action="append", default=[], metavar="NAME", help="bucket to create at start; may be repeated"
    )
    return parser.parse_args()


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    arguments = _parse()
    # The emulator logs every answer it builds as text, and every object that is not there.
    logging.basicConfig(level=logging.CRITICAL)
    stop = stop_requested()
    storage = PatientStorage(arguments.data)
    for name in arguments.bucket:
        create_bucket(name, storage)
    try:
        server = StorageServer(storage, arguments.port)
    except OSError as error:
        sys.exit(f"cannot listen on {LOOPBACK}:{arguments.port}: {error.strerror}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    announce(f"http://{LOOPBACK}:{server.server_port}")
    storage.write_index_until(stop)
    server.shutdown()
    storage.write_index()


if __name__ == "__main__":
    main()
