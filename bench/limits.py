"""The sync of limits at scale: 50,000 documents in Firestore, 50 of them changed between two runs.

Both stand-ins are processes of their own, and so is each sync, so that its peak memory is its own. Firestore's clock is
set on between runs: what was written minutes ago is read once more by design (the overlap), and is not what is asked.
"""

import argparse
import contextlib
import datetime as dt
import inspect
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import tree
from bench.former_names import first_of
from bench.results import Goal

if TYPE_CHECKING:
    from pedwatch.config import Config

DOCUMENTS = 50_000
CHANGED = 50
REPEATS = 2
A_WHILE = dt.timedelta(minutes=15)
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def measure() -> tuple[list[Goal], list[dict[str, object]]]:
    """Sync all, then what changed, then compare all."""
    with contextlib.ExitStack() as running, tempfile.TemporaryDirectory(prefix="bench-limits-") as folder:
        [firestore, control] = running.enter_context(serving("sandbox.firestore", "--control-port", "0"))
        [bigquery] = running.enter_context(serving("sandbox.bigquery"))
        environment = {
            "FIRESTORE_EMULATOR_HOST": firestore,
            "BIGQUERY_EMULATOR_HOST": bigquery,
            "no_proxy": "127.0.0.1,localhost",
            "no_grpc_proxy": "127.0.0.1,localhost",
        }
        os.environ.update(environment)
        _set_up()
        rows = [_sync(Path(folder), "first")]
        for kind in ["incremental", "full"] * REPEATS:
            _let_time_pass(control)
            _edit(CHANGED)
            rows.append(_sync(Path(folder), kind))
    return _goals(rows), rows


def _goals(rows: Sequence[dict[str, Any]]) -> list[Goal]:
    of = {kind: [row for row in rows if row["kind"] == kind] for kind in ("first", "incremental", "full")}
    seconds = {kind: statistics.median(row["seconds"] for row in found) for kind, found in of.items()}
    reads = max(row["documents_read"] for row in of["incremental"])
    memory = max(row["peak_mb"] for row in of["full"])
    return [
        Goal(f"documents read by an incremental sync of {CHANGED} changes, besides the count", reads, 3 * CHANGED, ""),
        Goal("time of an incremental sync, of a full one", seconds["incremental"] / seconds["full"], 1 / 8, "ratio"),
        Goal(f"peak memory of a full sync of {DOCUMENTS}", memory, 400, "MB"),
        Goal(f"peak memory of the first sync of {DOCUMENTS}", of["first"][0]["peak_mb"], 400, "MB"),
    ]


@contextlib.contextmanager
def serving(module: str, *arguments: str) -> Iterator[list[str]]:
    """Run a stand-in; yields the addresses it prints."""
    command = [sys.executable, "-m", module, "--port", "0", *arguments]
    process = subprocess.Popen(command, cwd=tree.UNDER_TEST, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield [process.stdout.readline().split()[1] for _ in range(1 + ("--control-port" in arguments))]
    finally:
        process.terminate()
        process.wait(timeout=20)


def bench_config() -> "Config":
    """Return a configuration of the stand-ins."""
    from pedwatch.config import Config

    return Config.model_validate(
        {
            "project": "bench-project",
            "bucket": "bench-bucket",
            "firestore": {"project": "bench-project"},
            "collector": {"image": "collector:bench"},
            "clusters": [{"name": "eu-prod-1", "environment": "prod"}],
            "slack": {"platform_channel": "C0PLATFORM"},
        }
    )


def _limit(number: int, max_replicas: int) -> Any:
    from pedwatch.limits.document import PedLimit

    return PedLimit.model_validate(
        {
            "environment": "prod",
            "team_id": f"team-{number % 500}",
            "api_id": f"api-{number:05d}",
            "max_replicas": max_replicas,
            "grant": {"approver": "ana@platform", "ticket": f"CAP-{number}"},
            "source": {"repo": "https://git.invalid/ped", "path": f"ped/{number}.yaml", "commit": "0" * 40},
        }
    )


def _publishing() -> tuple[Any, Any]:
    """What decides on changes of documents, and what writes one, as the measured tree has them."""
    module = first_of("pedwatch.limits.document_changes", "pedwatch.limits.publishing")
    return module.plan_changes, module.write_of


def _store() -> Any:
    """The limits in the Firestore stand-in."""
    from pedwatch.hooks import clients

    module = first_of("pedwatch.limits.store.firestore", "pedwatch.hooks.limit_store")
    return module.FirestoreLimits(clients.AsPerson().firestore(bench_config()), bench_config().firestore.collection)


def _set_up() -> None:
    """Create the tables, and the documents as they stand long after they were published."""
    from pedwatch import settings, sql
    from pedwatch.hooks import clients

    plan_changes, write_of = _publishing()
    warehouse = clients.warehouse(bench_config(), clients.AsPerson())
    warehouse.create_dataset()
    for name in sql.statement_names(settings.include_dir() / "sql"):
        if name.startswith("ddl/tables/"):
            warehouse.run(name)
    client = clients.AsPerson().firestore(bench_config())
    limits = client.collection(bench_config().firestore.collection)
    writes = [write_of(change) for change in plan_changes([_limit(number, 10) for number in range(DOCUMENTS)], [])]
    for start in range(0, DOCUMENTS, 500):
        batch = client.batch()
        for write in writes[start : start + 500]:
            batch.create(limits.document(write.document_id), {**write.data, "updated_at": LONG_AGO})
        batch.commit()


def _edit(count: int) -> None:
    """Publish other ceilings for some documents."""
    plan_changes, write_of = _publishing()
    store = _store()
    names = [_limit(number, 0).limit_id for number in range(count)]
    stored = list(store.fetch(names))
    ceiling = stored[0].limit().max_replicas + 1
    changes = plan_changes([_limit(number, ceiling) for number in range(count)], stored)
    store.write([write_of(change) for change in changes])


def _let_time_pass(control: str) -> None:
    at = _store().server_time() + A_WHILE
    body = json.dumps({"now": at.isoformat()}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{control}/clock", body, method="PUT")).close()


def _sync(folder: Path, kind: str) -> dict[str, Any]:
    """Run one sync in a process of its own."""
    answer = folder / "answer.json"
    measured = [sys.executable, "-S", "-E", str(Path(__file__).with_name("measured.py"))]
    command = [*measured, sys.executable, "-P", "-m", "bench.limits", kind, "--answer", str(answer)]
    output = subprocess.run(command, cwd=tree.UNDER_TEST, check=True, capture_output=True, text=True).stdout
    usage = json.loads(output)
    if usage["status"]:
        raise RuntimeError(f"the {kind} sync failed with status {usage['status']}")
    return {"kind": kind, **json.loads(answer.read_text(encoding="utf-8")), "peak_mb": usage["peak_mb"]}


def main() -> int:
    """Sync once, in a fresh process: ``python -m bench.limits first|full|incremental --answer PATH``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("kind", choices=("first", "full", "incremental"))
    parser.add_argument("--answer", type=Path, required=True)
    arguments = parser.parse_args()

    from pedwatch.hooks import clients

    sync_limits = first_of("pedwatch.tasks.limits_sync", "pedwatch.hooks.limit_sync").sync_limits
    ledger_module = first_of("pedwatch.limits.store.bigquery", "pedwatch.hooks.limit_ledger")
    store = _store()
    ledger = ledger_module.BigQueryLimits(clients.warehouse(bench_config(), clients.AsPerson()))
    # A base tree that is measured too may still take the policy alone.
    takes_policy = "policy" in inspect.signature(sync_limits).parameters
    given: Any = bench_config().policy if takes_policy else bench_config()
    start = time.perf_counter()
    is_full = arguments.kind == "full"
    plan = sync_limits(store, ledger, given, f"{arguments.kind}-{time.time_ns()}", is_full)
    seconds = time.perf_counter() - start
    assert plan is not None, "the run id is new"
    arguments.answer.write_text(json.dumps({"seconds": seconds, **plan.summary()}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
