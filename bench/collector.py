"""What it costs to list a large cluster: the collector, and what a team would write instead.

10,000 Deployments, 3,000 StatefulSets, 2,000 Rollouts and 8,000 HPAs, about 160 MB of JSON, served on loopback by the
stand-in: a process of its own whose pages are rendered before anything is measured. CPU is that of the client's whole
process, its start included. The official client has types for all of them but Rollouts, and lists three kinds.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bench import tree
from bench.results import Goal

LARGE, HUGE = "large", "huge"
SIZES = {LARGE: (10_000, 8_000, 3_000, 2_000), HUGE: (50_000, 8_000, 3_000, 2_000)}
"""Deployments, HPAs, StatefulSets, Rollouts."""
CYCLE = "2026-03-02T10:05:00Z"
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
Row = dict[str, Any]


@contextmanager
def serving(folder: Path, sizes: Mapping[str, tuple[int, ...]] = SIZES) -> Iterator[None]:
    """Serve clusters of these sizes; how to reach each is written beside the kubeconfigs."""
    state = folder / "state.json"
    from sandbox.kubernetes.synthetic import synthetic_workloads

    clusters = {name: {"workloads": synthetic_workloads(*size)} for name, size in sizes.items()}
    state.write_text(json.dumps({"clusters": clusters}))
    command = [sys.executable, "-m", "sandbox.kubernetes", "--kubeconfig", str(folder), "--state", str(state)]
    with subprocess.Popen(command, cwd=tree.UNDER_TEST, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            if not server.stdout.readline().startswith("ready"):
                raise RuntimeError("the stand-in did not start")
            for name in sizes:
                document = yaml.safe_load((folder / f"{name}.yaml").read_text())
                token = document["users"][0]["user"]["token"]
                (folder / f"{name}.access").write_text(f"{document['clusters'][0]['cluster']['server']}\n{token}\n")
                (folder / f"{name}.token").write_text(token)
            yield
        finally:
            server.terminate()


def run(command: Sequence[str], folder: Path) -> Row:
    """Run a command and return what it took; RuntimeError when it fails."""
    launcher = [sys.executable, "-S", "-E", str(Path(__file__).with_name("measured.py"))]
    environment = {**ENVIRONMENT, "TMPDIR": str(folder), "HOME": str(folder), "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(
        [*launcher, *command],
        cwd=tree.UNDER_TEST,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    measured: Row = json.loads(done.stdout)
    if measured["status"]:
        raise RuntimeError(f"{command[0]}: {done.stderr[-1000:]}")
    return measured


def entry(folder: Path, cluster: str, **other: str) -> Row:
    """Return what the collector is told of a cluster that is served."""
    server = (folder / f"{cluster}.access").read_text().split()[0]
    known = {"name": cluster, "environment": "prod", "endpoint": server, "auth": "token_file"}
    if server.startswith("https://"):  # a base may be older than the stand-in's certificates
        known["ca_file"] = str(folder / "ca.pem")
    return known | {"token_file": str(folder / f"{cluster}.token")} | other


def collector(folder: Path, entries: Sequence[Row], *flags: str) -> list[str]:
    """Return the collector's command, as a pod runs it but for its output to a folder."""
    output = (folder / "collected").as_uri()
    given = ["--clusters-json", json.dumps(entries), "--cycle", CYCLE, "--output", output]
    return [sys.executable, "-m", "replica_collector", *given, *flags]


def checked(folder: Path, cluster: str, row: Row) -> Row:
    """Hold that the collector really wrote every object, and forget the files."""
    (path,) = (folder / "collected").glob("manifests/*/*/*.ndjson")
    told = json.loads(path.read_text())
    of_kinds = [told.get(f"{kind}s_listed") for kind in ("deployment", "hpa", "statefulset", "rollout")]
    # A base may be older than the kinds it does not list.
    if told["status"] != "complete" or of_kinds not in (list(SIZES[cluster]), [*SIZES[cluster][:2], None, None]):
        raise RuntimeError(f"the collector was not whole: {told}")
    (data,) = (folder / "collected").glob("obs/*/*/*.gz")
    row |= {"bytes_read": told["bytes_read"], "bytes_written": data.stat().st_size}
    shutil.rmtree(folder / "collected")
    return row


def measure() -> tuple[list[Goal], list[Row]]:
    """Measure each way of listing; the fast ones three times, the median counts."""
    with tempfile.TemporaryDirectory(prefix="pedwatch-bench-") as name:
        folder = Path(name)
        with serving(folder):
            rows = list(_rows(folder))
    return _goals({row["variant"]: row for row in rows}), rows


def _rows(folder: Path) -> Iterator[Row]:
    lister = [sys.executable, str(Path(__file__).with_name("list_cluster.py"))]
    for cluster in SIZES:
        for what in ("read", "gunzip"):
            run([*lister, what, str(folder), cluster], folder)  # renders the pages
    large, huge = [entry(folder, LARGE)], [entry(folder, HUGE)]
    for variant, command, times in (
        ("read the bytes, plain", [*lister, "read", str(folder), LARGE], 5),
        ("read the bytes, gzip", [*lister, "gunzip", str(folder), LARGE], 5),
        ("collector, gzip", collector(folder, large), 5),
        ("collector, plain", collector(folder, large, "--no-gzip"), 5),
        ("collector, gzip, 50,000 Deployments", collector(folder, huge), 3),
        ("collector, plain, 50,000 Deployments", collector(folder, huge, "--no-gzip"), 3),
        ("official client, typed", [*lister, "typed", str(folder), LARGE], 1),
        ("kubectl get -o json", _kubectl(folder), 1),
    ):
        if not command:
            continue
        tries = []
        for _ in range(times):
            row = run(command, folder)
            is_ours = variant.startswith("collector")
            tries.append(checked(folder, HUGE if "50,000" in variant else LARGE, row) if is_ours else row)
        middle = sorted(tries, key=lambda row: row["cpu_seconds"])[len(tries) // 2]
        cpu = [row["cpu_seconds"] for row in tries]
        yield {"variant": variant, **middle, "peak_mb": statistics.median(row["peak_mb"] for row in tries), "cpu": cpu}


def _kubectl(folder: Path) -> list[str]:
    path = shutil.which("kubectl")
    if path is None:
        return []
    plain = folder / "kubectl.yaml"  # of a base without TLS, where kubectl would withhold the token
    kubeconfig = plain if plain.exists() else folder / "all.yaml"
    access = ["--kubeconfig", str(kubeconfig), "--context", LARGE]
    return [path, *access, "get", "deploy,sts,rollouts,hpa", "-A", "-o", "json"]


def _goals(rows: dict[str, Row]) -> list[Goal]:
    def ratio(one: str, other: str, what: str = "cpu_seconds") -> float:
        return float(rows[one][what] / rows[other][what])

    goals = []
    for transfer, most in (("gzip", 2.2), ("plain", 3.0)):
        ours = f"collector, {transfer}"
        goals += [
            Goal(
                f"CPU of the collector to reading the bytes, {transfer}",
                ratio(ours, f"read the bytes, {transfer}"),
                most,
                "x",
            ),
            Goal(f"peak memory of the collector, {transfer}", rows[ours]["peak_mb"], 45, "MB"),
            Goal(
                f"peak memory at 50,000 Deployments to that at 10,000, {transfer}",
                abs(ratio(f"{ours}, 50,000 Deployments", ours, "peak_mb") - 1) + 1,
                1.1,
                "x",
            ),
            Goal(
                f"CPU of the collector to the typed client, {transfer}",
                ratio(ours, "official client, typed"),
                1 / 50 if transfer == "gzip" else 1 / 60,
                "x",
            ),
        ]
        if "kubectl get -o json" in rows:
            goals.append(
                Goal(f"CPU of the collector to kubectl, {transfer}", ratio(ours, "kubectl get -o json"), 1 / 20, "x")
            )
    return goals
