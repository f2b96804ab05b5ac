"""Any mix of clusters in one pod, in any order: who is well is whole, and everyone has an outcome."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from collector_api_server import DEPLOYMENTS, HPAS, Behaviour, Exchange, deployment, hpa, server_tls, serving
from collector_harness import CYCLE, Collected
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from replica_collector import batch, retrying, turns
from replica_collector import collect as collecting
from replica_collector.clusters import Cluster
from replica_collector.config import Config
from replica_collector.credentials import Anonymous
from replica_collector.output import FolderOutput

#: What a silent cluster takes, and what the pod has: eight of them, two at a time, would need a second more.
BUDGET_SECONDS, TOTAL_SECONDS = 1.0, 3.0
PARALLEL = 2

#: How a cluster may be, and what its manifest then says.
OUTCOMES: dict[str, tuple[str, str | None]] = {
    "healthy": ("complete", None),
    "slow-handshake": ("complete", None),
    "silent": ("failed", "timeout"),
    "no-handshake": ("failed", "timeout"),
    "drips": ("failed", "timeout"),
    "stalls": ("failed", "timeout"),
    "drips-later": ("failed", "timeout"),
    "refused": ("failed", "unreachable"),
    "forbidden": ("failed", "forbidden"),
    "broken": ("failed", "server_error"),
    "throttles": ("failed", "throttled"),
}
WELL = ("healthy", "slow-handshake")
HANDSHAKE_SECONDS = {"slow-handshake": 0.2, "no-handshake": 30.0}


def is_knock(exchange: Exchange) -> bool:
    return exchange.query["limit"] == "1"


def drip(exchange: Exchange, released: threading.Event) -> bool:
    """A byte now and then, as long as anybody reads them."""
    exchange.handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not released.wait(0.1):
        exchange.handler.wfile.write(b"x")
    return True


def behaviours(released: threading.Event) -> dict[str, Behaviour]:
    def stall(exchange: Exchange) -> bool:
        return released.wait(30) or True

    return {
        "healthy": lambda exchange: None,
        "slow-handshake": lambda exchange: None,
        "no-handshake": lambda exchange: None,
        "silent": stall,
        "drips": lambda exchange: drip(exchange, released),
        "stalls": lambda exchange: "continue" in exchange.query and stall(exchange),
        "drips-later": lambda exchange: not is_knock(exchange) and drip(exchange, released),
        "forbidden": lambda exchange: exchange.status(403, "Forbidden") or True,
        "broken": lambda exchange: exchange.status(500, "InternalError") or True,
        "throttles": lambda exchange: exchange.status(429, "TooManyRequests", Retry_After="1") or True,
    }


@pytest.fixture(scope="module")
def fleet() -> Iterator[dict[str, Cluster]]:
    """One cluster of each sort; a pod may have several entries that are the same server."""
    released = threading.Event()
    with ExitStack() as stack:
        found = {"refused": Cluster("", "prod", endpoint="127.0.0.1:1", auth="none")}
        for sort, behaviour in behaviours(released).items():
            server = stack.enter_context(serving(server_tls()))
            server.items = {
                DEPLOYMENTS: [deployment(f"d{number}") for number in range(25)],
                HPAS: [hpa(f"d{number}") for number in range(12)],
            }
            server.behaviour = behaviour
            server.handshake_seconds = HANDSHAKE_SECONDS.get(sort, 0.0)
            found[sort] = server.cluster()
        stack.callback(released.set)
        yield found


def collected(fleet: dict[str, Cluster], sorts: Sequence[str], folder: Path) -> Collected:
    """Run one pod over clusters of these sorts, named by their place in the list."""
    chosen = tuple(structs.replace(fleet[sort], name=f"{n:02}-{sort}") for n, sort in enumerate(sorts))
    config = Config(
        chosen,
        CYCLE,
        "",
        "try-1",
        page_size=10,
        parallel=PARALLEL,
        budget_seconds=BUDGET_SECONDS,
        total_seconds=TOTAL_SECONDS,
    )
    pod = batch.Batch(config, Anonymous(), FolderOutput(folder.as_uri()))
    return Collected(folder, batch.exit_status(pod.run()))


ILL = [sort for sort in OUTCOMES if sort not in WELL]
MIXES = st.tuples(st.lists(st.sampled_from(ILL), max_size=16), st.lists(st.sampled_from(WELL), min_size=4, max_size=4))


@given(sorts=MIXES.flatmap(lambda mix: st.permutations([*mix[0], *mix[1]])))
@example(sorts=[*["silent"] * 8, *["healthy"] * 8])
@example(sorts=[*["stalls", "drips-later"] * 4, *["healthy"] * 8, *["no-handshake"] * 4])
@settings(max_examples=4, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_whoever_is_well_is_whole_whatever_the_others_do(fleet: dict[str, Cluster], sorts: list[str]) -> None:
    """Eight silent clusters in front of eight healthy ones made all sixteen dark, in every cycle."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(collecting, "KNOCK_SECONDS", 0.4)
        patch.setattr(turns, "MOMENT_SECONDS", 0.1)
        patch.setattr(retrying, "FIRST_PAUSE_SECONDS", 0.002)
        found = collected(fleet, sorts, Path(folder))
        assert found.status == 0
        told = {name: (line["status"], line["error_class"]) for name, line in found.manifests.items()}
        assert told == {f"{n:02}-{sort}": OUTCOMES[sort] for n, sort in enumerate(sorts)}
        rows = Counter(row["cluster"] for row in found.rows)
        assert rows == {name: 37 for name, outcome in told.items() if outcome == ("complete", None)}
