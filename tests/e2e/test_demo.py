"""``make demo`` as a person runs it, then what stands in Slack, the tables and the bucket.

The shop and the shorter scenarios are played at once, their clusters, teams and workloads beside each other: most of
what a run takes is Airflow.
"""

import contextlib
import csv
import datetime as dt
import hashlib
import io
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials

from sandbox.demo.tests.running import missed, play, processes_of
from sandbox.environment.airflow import Airflow
from sandbox.environment.servers import BUCKET, PROJECT
from sandbox.scenario.gathering import DATASET
from sandbox.scenario.loading import DEFAULT, SHIPPED
from tests.conftest import running
from tests.contracts.session import recorded

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
BACKFILLED = ("20260302T100000Z", "20260302T100500Z", "20260302T101000Z")
#: The DAG with branches and mapped tasks, and a plain one.
FIRST_TASKS = {"ped_replica_watch": "plan_cycle", "ped_digest": "compose_digest"}
FILES = {"coverage.csv", "limits.csv", "manifest.json", "verdicts.csv"}


@dataclass(frozen=True)
class Demo:
    """A finished demo."""

    folder: Path
    finished: subprocess.CompletedProcess[str]
    summary: dict[str, Any]
    left_behind: list[str]

    def messages(self, **fields: Any) -> list[dict[str, Any]]:
        """Return the Slack messages with these fields, in the order of posting."""
        return [m for m in self.summary["slack_messages"] if all(m[name] == value for name, value in fields.items())]

    def kept(self, name: str) -> str:
        """Return the folder in which a stand-in kept its data."""
        return str(self.folder / "sandbox" / "data" / name)

    def query(self, text: str) -> list[dict[str, Any]]:
        """Ask the dataset that the demo left."""
        from google.cloud import bigquery

        with running("sandbox.bigquery", "--data", self.kept("bigquery")) as server, without_proxy():
            options = ClientOptions(api_endpoint=server.address)
            client = bigquery.Client(project=PROJECT, credentials=AnonymousCredentials(), client_options=options)
            return [dict(row.items()) for row in client.query(text).result()]

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Return the objects that the demo left in the bucket."""
        from google.cloud import storage

        with running("sandbox.storage", "--data", self.kept("storage")) as server, without_proxy():
            options = ClientOptions(api_endpoint=server.address)
            client = storage.Client(project=PROJECT, credentials=AnonymousCredentials(), client_options=options)
            names = [blob.name for blob in client.list_blobs(BUCKET, prefix=prefix)]
            # Fresh blobs: a listed one downloads by the link it was stored with, and that server has gone.
            return {name: client.bucket(BUCKET).blob(name).download_as_bytes() for name in names}


@contextlib.contextmanager
def without_proxy() -> Iterator[None]:
    """Loopback is never behind a proxy, whatever the environment says."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("no_proxy", "NO_PROXY"):
            patch.setenv(name, "127.0.0.1,localhost")
        yield


def with_neighbour(shop: dict[str, Any], name: str) -> dict[str, Any]:
    """Add a shipped scenario: its clusters, teams, limits, workloads, events and expectations."""
    other: dict[str, Any] = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())
    assert all(shop[key] == other[key] for key in ("start", "platform_channel")) and shop["cycles"] >= other["cycles"]
    both = shop | {key: other[key] for key in ("backfill",) if key in other}
    for key in ("teams", "limits", "workloads", "timeline"):
        both[key] = shop[key] + other[key]
    both["clusters"] = shop["clusters"] + [each for each in other["clusters"] if each not in shop["clusters"]]
    kinds = shop["expect"] | other["expect"]
    both["expect"] = {kind: shop["expect"].get(kind, []) + other["expect"].get(kind, []) for kind in kinds}
    return both


def played_together() -> dict[str, Any]:
    """Return the shop with its neighbours, and with one expectation that is false."""
    shop: dict[str, Any] = yaml.safe_load(DEFAULT.read_text())
    [welcomes] = [each for each in shop["expect"]["messages"] if each.get("kind") == "welcome"]
    welcomes["count"] += 2  # the neighbours' two teams
    document = with_neighbour(with_neighbour(shop, "hostile"), "late_limit")
    document["expect"]["verdicts"].append({"name": "a lie", "cycles": 1, "api": "reviews-api", "verdict": "over_limit"})
    return document


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The shop and its neighbours, played once for all tests."""
    folder = tmp_path_factory.mktemp("shop") / "demo"
    written = folder.with_name("together.yaml")
    written.write_text(yaml.safe_dump(played_together()))
    with recorded():
        finished, summary = play(written, folder)
    assert summary, finished.stdout + finished.stderr
    return Demo(folder, finished, summary, processes_of(folder))


def test_every_expectation_holds_and_a_false_one_alone_is_named(shop: Demo) -> None:
    [lie] = missed(shop.summary)
    assert lie["name"] == "a lie"
    assert "is within_limit (measured 3, limit 4" in lie["detail"]
    assert "not held a lie" in shop.finished.stdout
    assert shop.finished.returncode == 1, shop.finished.stdout + shop.finished.stderr
    assert len(shop.summary["expectations"]) >= 92
    names = {item["name"] for item in shop.summary["expectations"]}
    assert "nobody is pinged by an approver" in names
    assert "backfill: as known now, cycles 2-3: reviews-api is within_limit" in names
    assert [cycle["cycle"] for cycle in shop.summary["cycles"]] == list(range(1, 13))
    assert [cycle["failed_runs"] for cycle in shop.summary["cycles"]] == [[]] * 12


def test_where_nothing_is_set_every_run_says_it_at_its_first_task_and_does_nothing(shop: Demo) -> None:
    """By Airflow itself, on the demo's database: no variable, no connection, no configuration."""
    airflow = Airflow(shop.folder / "airflow", {})
    runner, day = airflow.dag_runner(), dt.datetime(2027, 3, 2, 10, 5, tzinfo=dt.UTC)
    try:
        for dag_id, first in FIRST_TASKS.items():
            run = runner.run(dag_id, day)
            states = dict(run.states)
            states.pop("collected", None)  # no process: it says that collectors have ended, or never began
            assert (run.state, states.pop(first)) == ("failed", "failed"), run.describe()
            assert set(states.values()) <= {"upstream_failed"}, f"{dag_id}: {states}"
    finally:
        runner.stop()
    said = runner.log.read_text(errors="replace")
    assert said.count("AirflowFailException: 7 things are missing or wrong, and nothing was done") >= len(FIRST_TASKS)


def test_no_process_is_left(shop: Demo) -> None:
    assert shop.left_behind == []


def test_the_api_over_its_limit_has_one_alert_and_one_resolved_notice(shop: Demo) -> None:
    parent, resolved = shop.messages(api_id="orders-api")
    assert (parent["kind"], parent["cycle"], parent["channel_name"]) == ("first", 4, "orders-alerts")
    assert all(word in parent["posted_text"] for word in ("orders-api", "10 pods", "eu-prod-1", "8"))
    assert parent["thread_ts"] in (None, parent["ts"])
    assert (resolved["kind"], resolved["cycle"], resolved["thread_ts"]) == ("resolved", 8, parent["ts"])
    assert "Resolved" in parent["text"], "the parent is edited to the current truth"


def test_each_open_problem_is_told_once(shop: Demo) -> None:
    firsts = Counter((m["api_id"], m["cluster"]) for m in shop.messages(kind="first"))
    assert set(firsts.values()) == {1}
    neighbours = {"A_b-C", "long", "reviews-api"}
    assert {api for api, _ in firsts} == {
        "orders-api",
        "search-api",
        "promo",
        "checkout",
        "recommend",
        None,
    } | neighbours
    reports = [m["kind"] for m in shop.messages(api_id="reports")]
    assert reports == ["exemption_ending", "exemption_ended"], "announced, and told at once when it had ended"


@pytest.mark.parametrize("api", ["payments-api", "invoices", "sessions", "catalog", "night-jobs", "gift-cards"])
def test_the_rollout_and_the_steady_apis_are_not_mentioned(shop: Demo, api: str) -> None:
    assert [m for m in shop.summary["slack_messages"] if api in m["text"] + m["posted_text"]] == []
    assert "payments-alerts" not in {m["channel_name"] for m in shop.summary["slack_messages"]}


def test_the_dark_cluster_is_unknown_and_never_within(shop: Demo) -> None:
    rows = shop.query(
        f"SELECT DISTINCT verdict, measured FROM `{DATASET}.verdicts` WHERE cluster = 'us-prod-1' AND cycle BETWEEN "
        "TIMESTAMP '2026-03-02 10:25:00+00' AND TIMESTAMP '2026-03-02 10:35:00+00'"
    )
    assert rows == [{"verdict": "unknown", "measured": None}]
    blind = [m for m in shop.messages(channel_name="ped-platform") if m["kind"] != "limit_rejected"]
    assert [(m["kind"], m["cycle"]) for m in blind] == [("first", 8), ("resolved", 9)]


def test_the_backfill_ran_three_times_and_told_nobody(shop: Demo) -> None:
    backfill = shop.summary["backfill"]
    assert len(backfill["runs"]) == 3
    assert [run[1:] for run in backfill["runs"]] == [["backfill", "success"]] * 3
    assert (backfill["new_messages"], backfill["new_notifications"], backfill["new_evidence_objects"]) == (0, 0, 0)
    beats = shop.query(
        f"SELECT COUNT(*) AS runs, SUM(notifications_sent) AS sent FROM `{DATASET}.heartbeats` "
        "WHERE run_type = 'backfill' AND cycle >= TIMESTAMP '2026-03-02 00:00:00+00'"
    )
    assert beats == [{"runs": 3, "sent": 0}]


def test_the_evidence_is_whole_and_its_hashes_are_right(shop: Demo) -> None:
    objects = shop.objects("audits/backfill/")
    assert set(objects) == {f"audits/backfill/{cycle}/{name}" for cycle in BACKFILLED for name in FILES}
    for cycle in BACKFILLED:
        folder = f"audits/backfill/{cycle}"
        manifest = json.loads(objects[f"{folder}/manifest.json"])
        hashes = {name: hashlib.sha256(objects[f"{folder}/{name}"]).hexdigest() for name in FILES - {"manifest.json"}}
        assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == hashes
        rows = list(csv.DictReader(io.StringIO(objects[f"{folder}/verdicts.csv"].decode())))
        assert Counter(row["verdict"] for row in rows)["within_limit"] > 10
        covered = list(csv.DictReader(io.StringIO(objects[f"{folder}/coverage.csv"].decode())))
        clusters = ("eu-prod-1", "us-prod-1", "eu-staging-1", "c" * 62 + "1")
        assert {row["cluster"]: row["status"] for row in covered} == dict.fromkeys(clusters, "complete")


def test_the_digest_and_the_evidence_pack_of_the_day_are_left(shop: Demo) -> None:
    digests = {digest["channel"]: digest["text"] for digest in shop.summary["digests"]}
    assert "Over now (" in digests["ped-platform"]
    orders = digests["orders-alerts"]
    assert "checkout in eu-prod-1 / shop: 10 of 4" in orders and "reports in" not in orders
    assert "Digest of Monday, 02 March 2026" in (shop.folder / "slack.html").read_text()
    objects = shop.objects("audits/daily/")
    kept = {path.relative_to(shop.folder / "audit"): path for path in (shop.folder / "audit").rglob("*.*")}
    assert {f"audits/daily/{name.as_posix()}": path.read_bytes() for name, path in kept.items()} == objects
    assert {name.name for name in kept} >= {"report.html", "verdicts.csv", "manifest.json"}
    assert "checkout" in next(path for name, path in kept.items() if name.name == "report.html").read_text()


def test_no_token_is_in_logs_xcoms_or_anything_a_person_sees(shop: Demo) -> None:
    token = (shop.folder / "sandbox" / "data" / "slack" / "token").read_text().strip()
    kubeconfigs = "\n".join(path.read_text() for path in (shop.folder / "sandbox" / "kube").glob("*.yaml"))
    secrets = {token, *(line.split()[-1] for line in kubeconfigs.splitlines() if line.strip().startswith("token:"))}
    assert len(secrets) >= 4
    written = [path for part in ("airflow", "limits") for path in (shop.folder / part).rglob("*") if path.is_file()]
    written += [shop.folder / name for name in ("summary.json", "slack.html", "pedwatch.yaml")]
    # XComs and rendered templates; PostgreSQL keeps them elsewhere.
    assert "SANDBOX_POSTGRES" in os.environ or shop.folder / "airflow" / "airflow.db" in written
    found = [path for path in written for secret in secrets if secret.encode() in path.read_bytes()]
    assert found == []
    assert not any(secret in shop.finished.stdout + shop.finished.stderr for secret in secrets)
