"""One pod of 20 clusters, some of them ill in every way known: who is well is whole, soon, and at no more cost.

The healthy have 10,000 Deployments and 8,000 HPAs each; they are one cluster of the stand-in under several names. The
ill ones are faults of the stand-in, or stand before it: what happens below HTTP is done by sockets of this process.
"""

import json
import random
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from bench.collector import LARGE, SIZES, Row, collector, entry, run, serving
from bench.results import Goal

SMALL = (2_000, 0)  # four pages
WITHIN_SECONDS = 60.0
HANDSHAKE_SECONDS = 4.0

#: Faults of the stand-in, and what the manifest says. A stalling one answers the first question and two pages.
FAULTS: dict[str, tuple[Row | None, str | None]] = {
    "silent": ({"kind": "hang"}, "timeout"),
    "drips": ({"kind": "slow_loris", "seconds": 1.0}, "timeout"),
    "stalls": ({"kind": "hang", "after": 3}, "timeout"),
    "drips-later": ({"kind": "slow_loris", "seconds": 1.0, "after": 1}, "timeout"),
    "forbidden": ({"kind": "forbidden"}, "forbidden"),
    "broken": ({"kind": "server_error"}, "server_error"),
    "throttles": ({"kind": "throttled", "retry_after": 30}, "throttled"),
    "hangs-up": ({"kind": "unreachable"}, "unreachable"),
}
#: What stands before a healthy one.
SOCKETS: dict[str, str | None] = {
    "refused": "unreachable",
    "no-handshake": "timeout",
    "handshake-drips": "timeout",
    "handshake-late": None,
}
ILL = (*FAULTS, *SOCKETS)


def mixes() -> dict[str, list[str]]:
    """Return the sorts of the clusters of each pod, in their order."""
    every = [*ILL, *["healthy"] * 8]
    random.Random(20).shuffle(every)
    return {
        "all healthy": ["healthy"] * 20,
        "silent first": [*["silent"] * 6, *["no-handshake"] * 6, *["healthy"] * 8],
        "every sort": every,
    }


def measure() -> tuple[list[Goal], list[Row]]:
    """Run each pod once, and one of a single cluster to compare with."""
    rows = []
    sizes = {LARGE: SIZES[LARGE]} | dict.fromkeys(FAULTS, SMALL)
    with tempfile.TemporaryDirectory(prefix="pedwatch-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        stack.enter_context(serving(folder, sizes))
        _strike(folder)
        ports = {sort: stack.enter_context(_standing_before(folder, sort)) for sort in SOCKETS}
        lister = [sys.executable, str(Path(__file__).with_name("list_cluster.py"))]
        run([*lister, "gunzip", str(folder), LARGE], folder)  # renders the pages
        for variant, sorts in {"one healthy": ["healthy"], **mixes()}.items():
            entries = [_entry(folder, sort, f"{number:02}-{sort}", ports) for number, sort in enumerate(sorts)]
            rows.append(_looked_at(folder, variant, sorts, run(collector(folder, entries), folder)))
    return _goals({row["variant"]: row for row in rows}), rows


def _strike(folder: Path) -> None:
    from sandbox.kubernetes.control import ControlClient

    control = ControlClient(folder / "control.json")
    for name, (fault, _) in FAULTS.items():
        control.set_fault(name, fault)


def _entry(folder: Path, sort: str, name: str, ports: dict[str, int]) -> Row:
    if sort in FAULTS:
        return entry(folder, sort, name=name)
    known = entry(folder, LARGE, name=name)
    if sort in SOCKETS:
        parts = urlsplit(known["endpoint"])
        known["endpoint"] = f"{parts.scheme}://127.0.0.1:{ports[sort]}{parts.path}"
    return known


def _looked_at(folder: Path, variant: str, sorts: Sequence[str], row: Row) -> Row:
    """Hold each manifest against its cluster's sort; the files are forgotten."""
    lines = [json.loads(path.read_text()) for path in (folder / "collected").glob("manifests/*/*/*.ndjson")]
    shutil.rmtree(folder / "collected")
    expected = {f"{number:02}-{sort}": _error_class(sort) for number, sort in enumerate(sorts)}
    told = {line["cluster"]: line["error_class"] for line in lines}
    began = min(datetime.fromisoformat(line["started_at"]) for line in lines)
    well = [line for line in lines if line["status"] == "complete" and line["row_count"] == sum(SIZES[LARGE])]
    ends = [(datetime.fromisoformat(line["finished_at"]) - began).total_seconds() for line in well]
    return {
        "variant": variant,
        "clusters": len(sorts),
        "healthy": list(expected.values()).count(None),
        "whole": len(well),
        "whole_after_seconds": max(ends, default=float("inf")),
        "wrong": {name: told.get(name, "no manifest") for name in expected if told.get(name, "") != expected[name]},
        **row,
    }


def _error_class(sort: str) -> str | None:
    return None if sort == "healthy" else FAULTS[sort][1] if sort in FAULTS else SOCKETS[sort]


def _goals(rows: dict[str, Row]) -> list[Goal]:
    alone = rows.pop("one healthy")
    goals = []
    for variant, row in rows.items():
        goals += [
            Goal(f"{variant}: healthy clusters that are not whole", row["healthy"] - row["whole"], 0, "clusters"),
            Goal(f"{variant}: outcomes that are not the cluster's own", len(row["wrong"]), 0, "clusters"),
            Goal(f"{variant}: until the last healthy one is whole", row["whole_after_seconds"], WITHIN_SECONDS, "s"),
            Goal(f"{variant}: peak memory", row["peak_mb"], 45, "MB"),
        ]
    each = rows["all healthy"]["cpu_seconds"] / rows["all healthy"]["whole"]
    return [*goals, Goal("CPU of a listing among 20 to that of one alone", each / alone["cpu_seconds"], 1.0, "x")]


@contextmanager
def _standing_before(folder: Path, sort: str) -> Iterator[int]:
    """Listen on a port as clusters of this sort do; yields the port."""
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    if sort == "refused":
        server.close()
        yield port
        return
    parts = urlsplit((folder / f"{LARGE}.access").read_text().split()[0])
    target = (parts.hostname or "", parts.port or 443)
    over = threading.Event()
    threading.Thread(target=_accept, args=(server, sort, target, over), daemon=True).start()
    try:
        yield port
    finally:
        over.set()
        server.close()


def _accept(server: socket.socket, sort: str, target: tuple[str, int], over: threading.Event) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return  # closed
        threading.Thread(target=_serve, args=(client, sort, target, over), daemon=True).start()


def _serve(client: socket.socket, sort: str, target: tuple[str, int], over: threading.Event) -> None:
    with client:
        if over.wait(HANDSHAKE_SECONDS if sort == "handshake-late" else 0) or sort == "no-handshake":
            over.wait()
            return
        with socket.create_connection(target) as behind:
            threading.Thread(target=_pass_on, args=(client, behind, 65536, 0, over), daemon=True).start()
            is_dripping = sort == "handshake-drips"
            _pass_on(behind, client, 1 if is_dripping else 65536, 1.0 if is_dripping else 0, over)


def _pass_on(one: socket.socket, other: socket.socket, size: int, pause: float, over: threading.Event) -> None:
    try:
        while (data := one.recv(size)) and not over.wait(pause):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        return  # either side has gone
