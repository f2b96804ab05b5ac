"""Replays recorded lists: the collector lists them over TLS as they were sent, the shipped SQL judges what it wrote.

A scene is a cluster and an environment of its own, a shot of it a cycle, so that one comparison judges a shot of every
scene. Shots lie more than six hours apart: each has its surge budget whole. A shot that is to be judged once the budget
is spent has its observations in each of the cycles before as well.
"""

import datetime as dt
import gzip
import http.server
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pedwatch.cycles import PERIOD, minutes_of
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.manifests import MANIFEST_COLUMNS, read_run
from replica_collector.batch import Batch
from replica_collector.clusters import Cluster
from replica_collector.config import Config
from replica_collector.credentials import Anonymous
from replica_collector.output import FolderOutput
from sandbox.kubernetes.authority import Authority
from tests.sql.case_files import CASES, _load
from tests.sql.test_cases import _load as load

SCENES = Path(os.environ.get("PEDWATCH_RECORDINGS", Path(__file__).parent / "scenes"))
FIRST = dt.datetime(2026, 12, 2, 10, 0, tzinfo=dt.UTC)  # two days after they were taken: nothing is new any more
APART = dt.timedelta(hours=7)
SPENT = "once the budget is spent"
TEAM = "lab"
"""All objects carry the label ``app`` alone, which is the API's: there was one team."""
_LISTS = {
    "deployments": ("DeploymentList", "apps/v1"),
    "statefulsets": ("StatefulSetList", "apps/v1"),
    "rollouts": ("RolloutList", "argoproj.io/v1alpha1"),
    "horizontalpodautoscalers": ("HorizontalPodAutoscalerList", "autoscaling/v2"),
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Shot:
    """One instant of a scene: where its lists are, and what must be said of it."""

    scene: str
    name: str
    limit: int
    place: int
    verdict: str
    why: str
    is_spent: bool

    @property
    def cluster(self) -> str:
        """The cluster it is a cycle of; one that is judged after the budget has one of its own."""
        return f"{self.scene}_{self.name}_spent" if self.is_spent else self.scene

    @property
    def cycle(self) -> dt.datetime:
        """When it is judged."""
        return FIRST + self.place * APART

    def path(self, plural: str) -> Path:
        """Where the list of a kind is; there is no file of a kind without objects."""
        return SCENES / self.scene / f"{self.name}.{plural}.json"

    @property
    def apis(self) -> set[str]:
        """The APIs that its objects belong to."""
        lists = (json.loads(self.path(plural).read_text()) for plural in _LISTS if self.path(plural).exists())
        return {item["metadata"]["labels"]["app"] for found in lists for item in found["items"]}


def read_shots() -> list[Shot]:
    """Read ``scenes.json``; what is forgiven while the budget lasts is asked once more, when it is spent."""
    shots = []
    for scene, told in json.loads((SCENES / "scenes.json").read_text()).items():
        for place, shot in enumerate(told["shots"]):
            one = (scene, shot["shot"], told["limit"], place)
            shots.append(Shot(*one, shot["verdict"], shot["why"], SPENT in shot["why"]))
            if "while the budget lasts" in shot["why"]:
                shots.append(Shot(*one, "over", f"{shot['why']}; {SPENT}", True))
    return shots


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, str]]:
    """Serve ``/<scene>/<shot>/apis/…`` as the recorded server did; gives its address and its authority's data."""
    folder.mkdir()
    authority = Authority(folder, "recordings")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            scene, shot, *rest = self.path.partition("?")[0].strip("/").split("/")
            kind, version = _LISTS[rest[-1]]
            file = SCENES / scene / f"{shot}.{rest[-1]}.json"
            empty = {"kind": kind, "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": []}
            body = file.read_bytes() if file.exists() else json.dumps(empty).encode()
            assert "/".join(rest[1:-1]) == version, "of no other version"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = authority.issue("server", "127.0.0.1").server_context().wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", authority.data
    finally:
        server.shutdown()
        server.server_close()


def collect(shots: list[Shot], folder: Path, address: str, ca_data: str) -> tuple[list[Row], list[Row]]:
    """Let the collector list the shots of one cycle; return its rows and its manifests as ``collection_runs``."""
    clusters = tuple(
        Cluster(
            shot.cluster, shot.cluster, endpoint=f"{address}/{shot.scene}/{shot.name}", auth="none", ca_data=ca_data
        )
        for shot in shots
    )
    config = Config(clusters=clusters, cycle=shots[0].cycle, output="", attempt_id="a1", label_api_id="app")
    Batch(config, Anonymous(), FolderOutput(folder.as_uri())).run()
    lines = (line for path in folder.glob("obs/*/*/*") for line in gzip.decompress(path.read_bytes()).splitlines())
    rows = [json.loads(line) | {"team_id": TEAM} for line in lines]
    manifests = [json.loads(path.read_bytes()) for path in folder.glob("manifests/*/*/*.ndjson")]
    runs = [read_run({column: told[column] for column in MANIFEST_COLUMNS}) for told in manifests]
    return rows, [run | {"recorded_at": run["finished_at"], "cycle_minutes": minutes_of(PERIOD)} for run in runs]


def spent_before(shot: Shot, rows: list[Row]) -> Iterator[Row]:
    """The same as was seen in the cycles of the half hour before: what the default budget forgives, and no more."""
    for number in range(1, 7):
        moment = (shot.cycle - number * PERIOD).isoformat()
        yield from (row | {"cycle": moment, "observed_at": moment} for row in rows if row["cluster"] == shot.cluster)


def judge(warehouse: Warehouse, shots: list[Shot], folder: Path) -> list[Row]:
    """Collect and judge all shots; return the verdicts."""
    defaults = _load(CASES / "defaults.yaml")
    rows: list[Row] = []
    runs: list[Row] = []
    with serving(folder / "keys") as (address, ca_data):
        for cycle in sorted({shot.cycle for shot in shots}):
            now = [shot for shot in shots if shot.cycle == cycle]
            found, told = collect(now, folder / f"{cycle:%Y%m%dT%H%M}", address, ca_data)
            rows += found
            runs += told
            for shot in now:
                rows += spent_before(shot, found) if shot.is_spent else ()
    limits = {(shot.cluster, api): shot.limit for shot in shots for api in shot.apis}
    granted = [
        {
            "limit_id": f"{where}.{TEAM}.{api}",
            "environment": where,
            "api_id": api,
            "team_id": TEAM,
            "max_replicas": most,
        }
        for (where, api), most in limits.items()
    ]
    load(warehouse, "policy_history", [defaults["policy_history"]])
    load(warehouse, "limit_history", [defaults["limit_history"] | row | {"team_id": TEAM} for row in granted])
    load(warehouse, "replica_observations", rows)
    load(warehouse, "collection_runs", runs)
    for cycle in sorted({shot.cycle for shot in shots}):
        given = {"cycle": cycle, "known_at": cycle, "computed_at": cycle}
        warehouse.write("verdicts/compare.sql", defaults["params"] | given)
    table = f"{warehouse.config.project}.{warehouse.config.dataset}.verdicts"
    return [dict(row.items()) for row in warehouse.client.list_rows(table)]


def said_of(shot: Shot, verdicts: list[Row]) -> str:
    """Sum up what was said of a shot: over if one API is, else unknown if one is, else within if all are."""
    said = {row["verdict"] for row in verdicts if (row["cycle"], row["environment"]) == (shot.cycle, shot.cluster)}
    for verdict, word in (("over_limit", "over"), ("unknown", "unknown")):
        if verdict in said:
            return word
    return "within" if said <= {"within_limit"} else ", ".join(sorted(said))
