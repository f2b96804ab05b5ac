"""The probe asks everything once, says what came of it, and leaves nothing behind."""

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.api_core.exceptions import Forbidden
from google.cloud import bigquery

from pedwatch import settings, sql
from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.cli import main
from pedwatch.config import Cluster, Config
from pedwatch.errors import ProbeError
from pedwatch.hooks.clients import AsPerson
from pedwatch.probe import dataset
from pedwatch.probe.services import SLACK_METHODS, cluster_outcomes, slack_outcomes
from tests.conftest import ROOT, Server
from tests.e2e.watched_world import World, workload
from tests.operators.slack_in_process import Workspace, connect, serve

NOW = dt.datetime(2026, 3, 2, 10, 6, tzinfo=dt.UTC)
Answer = tuple[int, dict[str, Any]]


@pytest.fixture
def client(
    bigquery_server: Server,
    firestore_server: Server,
    config: Config,
    loopback_only: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[bigquery.Client]:
    """BigQuery and Firestore as a person at a shell has them; what a test makes there is removed after it."""
    path = tmp_path / "pedwatch.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    monkeypatch.setenv("PEDWATCH_CONFIG", str(path))
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_server.address)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_server.address)
    found = AsPerson().bigquery(config)
    before = datasets(found)
    yield found
    for name in datasets(found) - before:
        found.delete_dataset(name, delete_contents=True)


def datasets(client: bigquery.Client) -> set[str]:
    """Return what datasets there are."""
    return {item.dataset_id for item in client.list_datasets()}


def probe(capsys: pytest.CaptureFixture[str], *words: str) -> Answer:
    """Run the command; return its exit status and what it printed for programs."""
    status = main(["probe", "--format", "json", *words])
    return status, json.loads(capsys.readouterr().out)


def test_every_statement_is_asked_once_and_no_dataset_is_left(
    client: bigquery.Client, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    before = datasets(client)
    status, answer = probe(capsys, "--only", "bigquery", "--only", "firestore")
    assert [(one["name"], one["error"]) for one in answer["outcomes"] if one["status"] != "accepted"] == []
    assert (status, answer["stopped"]) == (0, None)
    names = [one["name"] for one in answer["outcomes"] if one["area"] == "BigQuery"]
    shipped = sql.statement_names(settings.include_dir() / "sql")
    views = [f"{name}, read" for name in shipped if name.startswith("ddl/views/")]
    assert sorted(names) == sorted([*shipped, *views, "ALTER TABLE … ADD COLUMN"])
    assert [one["name"] for one in answer["outcomes"] if one["area"] == "Firestore"] == ["one document"]
    assert datasets(client) == before


def test_what_a_killed_run_leaves_the_next_one_removes(
    client: bigquery.Client, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    before = datasets(client)
    command = [sys.executable, "-m", "pedwatch", "probe", "--only", "bigquery"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None and b"ddl/tables/" in process.stderr.readline()
        process.send_signal(signal.SIGKILL)
    assert datasets(client) - before == {dataset.dataset_name(config)}
    status, answer = probe(capsys, "--only", "bigquery", "--max-bytes", "0")
    assert status == 2 and answer["outcomes"] == []
    assert re.match(r"stopped at ddl/tables/.*of --max-bytes 0 B 0 B are left", answer["stopped"])
    assert datasets(client) == before


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        pytest.param({}, "was not made by the probe, for it lacks the label pedwatch_probe", id="somebody else's"),
        pytest.param({"pedwatch_probe": f"{dataset.owner().rpartition('-')[0]}-1"}, "is in use", id="in use here"),
        pytest.param({"pedwatch_probe": "elsewhere-7"}, "is in use by another probe", id="maybe in use elsewhere"),
    ],
)
def test_it_never_touches_a_dataset_that_is_not_its_own(
    client: bigquery.Client, config: Config, capsys: pytest.CaptureFixture[str], labels: dict[str, str], why: str
) -> None:
    name = dataset.dataset_name(config)
    theirs = bigquery.Dataset(f"{config.project}.{name}")
    theirs.labels = labels
    client.create_dataset(theirs)
    bystander = client.create_dataset(f"{config.project}.{name}_of_old")
    status, answer = probe(capsys, "--only", "bigquery")
    assert (status, answer["outcomes"]) == (2, [])
    assert name in answer["stopped"] and why in answer["stopped"]
    assert {name, bystander.dataset_id} <= datasets(client)


def test_what_another_machine_left_is_removed_after_an_hour(client: bigquery.Client, config: Config) -> None:
    name = dataset.dataset_name(config)
    theirs = bigquery.Dataset(f"{config.project}.{name}")
    theirs.labels = {"pedwatch_probe": "elsewhere-7"}
    now = client.create_dataset(theirs).created
    with pytest.raises(ProbeError, match="elsewhere-7"):
        dataset.remove_left(client, config, now)
    assert dataset.remove_left(client, config, now + dt.timedelta(hours=2)) == [name]


def test_without_bigquery_there_is_one_sentence(
    client: bigquery.Client, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise Forbidden("Access Denied: Project demo-proj: no bigquery.datasets.create")

    monkeypatch.setattr(bigquery.Client, "create_dataset", refuse)
    status, answer = probe(capsys, "--only", "bigquery")
    assert status == 2 and "roles/bigquery.user" in answer["stopped"]


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A channel that somebody has written in."""
    found = Workspace(NOW.timestamp, "C0PLATFORM")
    connect(monkeypatch)
    serve(monkeypatch, found)
    return found


def standing(workspace: Workspace) -> list[str]:
    """Return the texts that the channel shows."""
    return [one.content.text for one in workspace.store.all_messages() if one.deleted_ts is None]


def test_each_method_of_slack_is_called_and_nothing_stays(workspace: Workspace) -> None:
    channel = SlackChannel("slack_ped")
    channel.call("chat.postMessage", {"channel": "C0PLATFORM", "text": "hello"})
    outcomes = list(slack_outcomes(channel, "C0PLATFORM", NOW))
    assert [one.name for one in outcomes] == list(SLACK_METHODS)
    assert {one.name for one in outcomes if one.status != "accepted"} <= {"blocks.validate"}, outcomes
    assert standing(workspace) == ["hello"]


def test_a_post_that_could_not_be_deleted_is_deleted_by_the_next_run(workspace: Workspace) -> None:
    channel = SlackChannel("slack_ped")
    workspace.before = lambda method: 500 if method == "chat.delete" else None
    *_, last = slack_outcomes(channel, "C0PLATFORM", NOW)
    assert (last.name, last.status, len(standing(workspace))) == ("chat.delete", "refused", 1)
    workspace.before = lambda method: None
    *_, last = slack_outcomes(channel, "C0PLATFORM", NOW)
    assert (last.status, standing(workspace)) == ("accepted", [])


def test_a_channel_that_refuses_is_said_method_by_method(workspace: Workspace) -> None:
    outcomes = {one.name: one for one in slack_outcomes(SlackChannel("slack_ped"), "C0NOWHERE", NOW)}
    assert outcomes["chat.postMessage"].status == "refused"
    assert "channel_not_found" in outcomes["chat.postMessage"].error
    assert (outcomes["auth.test"].status, outcomes["chat.update"].status) == ("accepted", "skipped")


def test_the_probe_calls_every_method_of_slack_that_the_product_calls() -> None:
    sources = (ROOT / "plugins" / "pedwatch").rglob("*.py")
    method = re.compile(r'"((?:auth|blocks|chat|conversations|reactions)\.[a-zA-Z]+)"')
    named = {name for path in sources for name in method.findall(path.read_text(encoding="utf-8"))}
    assert named == set(SLACK_METHODS)


def test_every_cluster_is_asked_for_one_deployment(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world.holds("eu-prod-1", workload("orders", 3), workload("search", 3))
    # The client reads KUBECONFIG when it is imported, and another test may have done that already.
    place = "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"
    monkeypatch.setattr(place, str(world.stand_ins.servers.kubeconfigs / "all.yaml"))
    config = world.config.model_copy(
        update={"clusters": [*world.config.clusters, Cluster(name="lost", environment="prod", auth="kubeconfig")]}
    )
    outcomes = {one.name: one for one in cluster_outcomes(config, None, lambda: "", NOW)}
    assert {name for name, one in outcomes.items() if one.status == "accepted"} == {
        cluster.name for cluster in world.config.clusters
    }
    assert outcomes["lost"].status == "refused" and "lost" in outcomes["lost"].error
