"""Bad input gets a clear error and loses nothing; no error, log or XCom shows a token.

What is missing around a run is tested where DAG files are parsed: ``tests/dags/test_what_is_missing.py``.
"""

import datetime as dt
import json
import logging
import re
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.cloud.firestore import SERVER_TIMESTAMP

from pedwatch import deadlines
from pedwatch.errors import LedgerError, NotifyError
from pedwatch.hooks import clients
from sandbox.environment.servers import COLLECTOR_ACCOUNT, PROJECT
from tests.conftest import create_tables
from tests.e2e.stand_ins import CLUSTERS, StandIns, cycle_at, granted, publish
from tests.e2e.watch_run import Run
from tests.e2e.watched_world import World, workload
from tests.operators.test_limits_dags import load, run

WRONG_TOKEN = "xoxb-wrong-0123456789-secret"
#: Firestore's clock only goes forward, and the seed of limits was synced a day after the first cycle.
TWO_DAYS_LATER = 2 * 24 * 12 + 1


@pytest.fixture(autouse=True)
def no_token_is_shown(
    stand_ins: StandIns, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Search everything that a test has logged or printed for every token there is."""
    caplog.set_level(logging.DEBUG)
    yield
    kubeconfigs = "\n".join(path.read_text() for path in stand_ins.servers.kubeconfigs.glob("*.yaml"))
    tokens = {stand_ins.servers.slack_token, WRONG_TOKEN, *re.findall(r"token: (\S+)", kubeconfigs)}
    assert len(tokens) >= 4
    out, err = capfd.readouterr()
    shown = out + err + caplog.text
    assert [token for token in tokens if token in shown] == []
    assert "ya29." not in shown, "a token of Google's"


def judged(world: World, number: int) -> dict[str, tuple[str, int | None]]:
    """Return verdict and limit of each API and cluster in a cycle."""
    rows = [row for row in world.rows("verdicts") if row["cycle"] == cycle_at(number)]
    return {f"{row['api_id']} in {row['cluster']}": (row["verdict"], row["max_replicas"]) for row in rows}


def test_a_malformed_document_is_rejected_with_its_reason_and_the_limit_before_it_stays(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, cycle = make_world(is_seeded=False), cycle_at(TWO_DAYS_LATER)
    documents = clients.AsPerson().firestore(world.config).collection(world.config.firestore.collection)

    def sync(moment: dt.datetime) -> dict[str, Any]:
        world.stand_ins.clocks.set(moment)
        context = run() | {"dag_run": run()["dag_run"]}
        context["dag_run"].run_id = f"scheduled__{moment.isoformat()}"
        return dict(load("ped_limits_sync", context, monkeypatch).sync_limits())

    world.stand_ins.clocks.set(cycle - dt.timedelta(hours=1))
    publish(world.config, granted("orders", 8), granted("steady", 5))
    sync(cycle - dt.timedelta(minutes=50))
    world.stand_ins.clocks.set(cycle - dt.timedelta(minutes=10))
    documents.document("prod.orders.orders").update({"max_replicas": "plenty", "updated_at": SERVER_TIMESTAMP})
    documents.document("prod.orders.steady").update({"max_replicas": 9, "updated_at": SERVER_TIMESTAMP})
    summary = sync(cycle + dt.timedelta(seconds=5))
    assert (summary["changes"], summary["rejections"]) == (1, 1)

    [rejection] = world.query("SELECT * FROM {limit_rejections}")
    assert rejection["document_id"] == "prod.orders.orders"
    assert rejection["reason"].startswith("max_replicas: must be a whole number, not 'plenty'")
    world.holds("eu-prod-1", workload("orders", 10), workload("steady", 9))
    world.run(TWO_DAYS_LATER).go()
    assert judged(world, TWO_DAYS_LATER) == {
        "orders in eu-prod-1": ("over_limit", 8),
        "steady in eu-prod-1": ("within_limit", 9),
    }


@pytest.mark.parametrize("kind", ["garbage", "wrong_shape", "cut_body"])
def test_a_cluster_that_answers_garbage_is_failed_and_unknown_and_the_others_are_judged(
    world: World, kind: str
) -> None:
    for cluster in ("eu-prod-1", "us-prod-1"):
        world.holds(cluster, workload("steady", 4))
    world.run(1).go()
    world.kubernetes.set_fault("us-prod-1", {"kind": kind})
    world.run(2).go()
    runs = {row["cluster"]: row for row in world.rows("collection_runs") if row["cycle"] == cycle_at(2)}
    assert runs["eu-prod-1"]["status"] == "complete"
    told = runs["us-prod-1"]
    expected = "bad_payload" if kind != "cut_body" else told["error_class"]
    assert (told["status"], told["error_class"]) == ("failed", expected)
    assert told["error_message"] and told["attempt_id"], "said by the attempt itself"
    manifests = {
        blob.name.rsplit("/", 1)[1].split(".")[0]: json.loads(blob.download_as_text())
        for blob in world.storage.list_blobs(world.config.bucket, prefix="manifests/")
        if f"{cycle_at(2):%H%M}" in blob.name
    }
    assert manifests["us-prod-1"]["error_class"] == expected
    assert {name: verdict for name, (verdict, _) in judged(world, 2).items()} == {
        "steady in eu-prod-1": "within_limit",
        "steady in us-prod-1": "unknown",
    }


#: A table, and the task that needs it first; in the order of the tasks.
NEEDED = {
    "limit_sync_runs": "load_observations",
    "replica_observations": "load_observations",
    "collection_runs": "load_observations",
    "episodes": "fold_episodes",
    "notifications": "fold_episodes",
    "fold_cursor": "fold_episodes",
    "heartbeats": "heartbeat",
}


def test_a_missing_table_is_named_with_its_cure_and_then_nothing_is_lost(world: World) -> None:
    world.holds("eu-prod-1", workload("orders", 20))
    begun = world.run(1)
    for table, task in NEEDED.items():
        world.warehouse.client.delete_table(f"{world.config.dataset}.{table}")
        with pytest.raises(LedgerError) as error:
            begun.go()
        assert table in str(error.value) and "Run the DAG ped_housekeeping once" in str(error.value)
        assert task not in begun.done and begun.done, "it failed where the table is needed"
        restore(world, table)
    begun.go()
    assert judged(world, 1) == {"orders in eu-prod-1": ("over_limit", 8)}
    # Without its outbox nobody knows that the channel was welcomed.
    told = [text for text in world.texts("C0ORDERS") if not text.startswith("Welcome")]
    assert len(told) == 1


def restore(world: World, table: str) -> None:
    """Do what the error says; for the syncs also what the next sync does."""
    create_tables(world.warehouse)
    if table == "limit_sync_runs":
        source, target = f"`{world.stand_ins.seed.dataset}.{table}`", f"`{world.config.dataset}.{table}`"
        world.warehouse.client.query(f"INSERT INTO {target} SELECT * FROM {source}").result()


def test_limits_that_were_never_synced_are_said_to_be(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(is_seeded=False)
    monkeypatch.setattr(deadlines, "patience", lambda period: dt.timedelta(0))
    world.holds("eu-prod-1", workload("orders", 20))
    begun = world.run(1)
    with pytest.raises(LedgerError, match=r"no sync in 90 days.*ped_limits_sync"):
        begun.go()
    assert world.rows("verdicts") == []


@pytest.fixture
def over(world: World) -> World:
    """One API far over its limit."""
    world.holds("eu-prod-1", workload("orders", 20))
    return world


def connect(world: World, token: str) -> None:
    """Replace the token of the Slack connection."""
    connection = json.loads(world.stand_ins.servers.connections()["AIRFLOW_CONN_SLACK_PED"])
    world.set_variables({"AIRFLOW_CONN_SLACK_PED": json.dumps(connection | {"password": token})})


def shown(error: BaseException, begun: Run) -> str:
    """Return what Airflow would show of a failed task: the traceback, and what its run has handed on."""
    return "".join(traceback.format_exception(error)) + json.dumps(begun.xcoms)


def test_a_wrong_slack_token_is_named_by_its_connection_and_the_message_is_sent_when_it_is_mended(over: World) -> None:
    connect(over, WRONG_TOKEN)
    begun = over.run(1)
    with pytest.raises(NotifyError, match=r"token is not valid.*slack_ped") as error:
        begun.go()
    assert WRONG_TOKEN not in shown(error.value, begun)
    assert ("fold_episodes" in begun.done, "notify" in begun.done) == (True, False)
    [row] = over.rows("notifications")
    assert (row["status"], row["message_ts"], over.texts()) == ("unsent", None, [])
    assert WRONG_TOKEN not in json.dumps(row, default=str)

    connect(over, over.stand_ins.servers.slack_token)
    over.run(2).go()
    [row] = over.rows("notifications")
    assert (row["status"], row["cycle"], row["error"]) == ("sent", cycle_at(1), None)
    assert len(over.texts("C0ORDERS")) == 1


def test_a_missing_slack_connection_is_named(over: World) -> None:
    over.patch.delenv("AIRFLOW_CONN_SLACK_PED")
    begun = over.run(1)
    with pytest.raises(Exception, match="slack_ped"):  # Airflow's own error
        begun.go()
    [row] = over.rows("notifications")
    assert (row["status"], row["attempts"]) == ("unsent", 0)
    connect(over, over.stand_ins.servers.slack_token)
    begun.go()
    assert len(over.texts("C0ORDERS")) == 1


def test_a_pod_that_may_not_become_the_collector_says_so_of_every_cluster(
    make_world: Callable[..., World], on_google_cloud: StandIns
) -> None:
    """One sentence that names the right, in a row of each cluster; and once the right is granted, all is seen."""
    address = on_google_cloud.servers.addresses["kubernetes"]
    account = f"{COLLECTOR_ACCOUNT}@{PROJECT}.iam.gserviceaccount.com"
    ca_data = b64encode((on_google_cloud.servers.kubeconfigs / "ca.pem").read_bytes()).decode()
    clusters = [
        {"name": name, "environment": "prod", "endpoint": f"{address}/clusters/{name}", "ca_data": ca_data}
        for name in CLUSTERS
    ]
    storage = {"STORAGE_EMULATOR_HOST": on_google_cloud.servers.addresses["storage"]}
    collector = {"image": "i:1", "environment": storage, "impersonate": account, "iam_endpoint": address}
    world = make_world(clusters=clusters, collector=collector)
    for cluster in CLUSTERS:
        world.holds(cluster, workload("orders", 4))
    for number, may_impersonate in enumerate((False, True), 1):
        world.kubernetes.set_iam(may_impersonate=may_impersonate)
        world.run(number).go()
    told = {(row["cycle"], row["error_class"], row["error_message"]) for row in world.rows("collection_runs")}
    [sentence] = {message for cycle, _, message in told if cycle == cycle_at(1)}
    assert told == {(cycle_at(1), "impersonation", sentence), (cycle_at(2), None, None)}
    assert f"ped-airflow@{PROJECT}.iam.gserviceaccount.com may not impersonate {account}" in sentence
    assert "roles/iam.serviceAccountTokenCreator" in sentence
    verdicts = [{verdict for verdict, _ in judged(world, number).values()} for number in (1, 2)]
    assert verdicts == [set(), {"within_limit"}], "what was never seen is not judged"


def test_a_wrong_cluster_token_is_data_and_is_shown_nowhere(over: World) -> None:
    over.run(1).go()
    kubeconfigs = "\n".join(path.read_text() for path in over.stand_ins.servers.kubeconfigs.glob("*.yaml"))
    over.kubernetes.rotate_token("eu-prod-1", write_kubeconfig=False)
    try:
        begun = over.run(2).go()
    finally:
        over.kubernetes.rotate_token("eu-prod-1")
    [told] = [r for r in over.rows("collection_runs") if r["cycle"] == cycle_at(2) and r["cluster"] == "eu-prod-1"]
    assert (told["status"], told["error_class"]) == ("failed", "unauthenticated")
    assert judged(over, 2)["orders in eu-prod-1"][0] == "unknown"
    written = json.dumps([told, begun.xcoms], default=str)
    assert [token for token in re.findall(r"token: (\S+)", kubeconfigs) if token in written] == []
