"""What watches pedwatch from outside hears what the code says: the metrics' filters match the very lines it logs."""

import ast
import datetime as dt
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest
import yaml

from pedwatch.alerts.channels.dispatch import Transports
from pedwatch.config import Config
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks import failure_callback, heartbeats
from sandbox.slack.errors import SlackRefusal
from tests.operators.test_slack_reads import READS, Told
from tests.terraform.configuration import Block, literal, names_in, read_folder
from tests.terraform.logging_query import QueryError, compile_query

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "deploy" / "terraform" / "pedwatch"
ALERTS: dict[str, dict[str, Any]] = yaml.safe_load((MODULE / "alerts.yaml").read_text())
LINES = {name: alert["line"] for name, alert in ALERTS.items() if "line" in alert}
CYCLE = dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC)


def query_of(name: str, environment: str = "pedwatch") -> str:
    """The filter of an alert's metric, as Terraform renders the template."""
    return Template((MODULE / "log_line.tftpl").read_text()).substitute(environment=environment, line=LINES[name])


def entry(message: str, payload: str = "textPayload", **changed: str) -> dict[str, Any]:
    """A line as Composer writes it to Cloud Logging; Airflow 3 logs text or objects, by its configuration."""
    found: dict[str, Any] = {
        "logName": "projects/acme/logs/airflow-worker",
        "resource": {
            "type": "cloud_composer_environment",
            "labels": {"environment_name": "pedwatch", "location": "europe-west1", "project_id": "acme"} | changed,
        },
        "severity": "INFO",
        "labels": {"workflow": "ped_replica_watch", "task-id": "heartbeat", "try-number": "1"},
    }
    head, _, key = payload.partition(".")
    return found | {
        head: {key: message} if key else f"[2026-03-02T10:06:00.123+0000] {{heartbeats.py:48}} INFO - {message}"
    }


class Ledger:
    """Takes what is written."""

    def write(self, statement: str, values: dict[str, Any]) -> None:
        assert statement == "heartbeats/record_heartbeat.sql" and values["dag_id"]


def beat(dag_id: str, origin: Any = "live") -> None:
    ledger = cast("Warehouse", Ledger())
    heartbeats.record(ledger, dag_id=dag_id, run_id="r", run_type="scheduled", origin=origin, cycle=CYCLE)


@pytest.fixture(scope="module")
def logged() -> Iterator[dict[str, list[str]]]:
    """What the code itself logs, by what happened."""
    lines: list[str] = []
    found: dict[str, list[str]] = {}

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler = Handler()
    log = logging.getLogger("pedwatch")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)

    def happened(what: str) -> None:
        found[what] = list(lines)
        lines.clear()

    with pytest.MonkeyPatch.context() as patch:
        for dag_id in ("ped_replica_watch", "ped_limits_sync", "ped_housekeeping"):
            beat(dag_id)
            happened(f"{dag_id} finished")
        beat("ped_replica_watch", "backfill")
        happened("a backfill finished")

        # No configuration: what a run that fails leaves cannot be written.
        patch.setenv("PEDWATCH_CONFIG", "/nowhere/pedwatch.yaml")
        run = SimpleNamespace(dag_id="ped_replica_watch", run_id="r", run_type="scheduled", data_interval_end=CYCLE)
        failure_callback.dag_failed({"dag_run": run, "reason": "timed_out"})
        happened("a failed run could not be written down")

        world = Told(patch)
        world.say(1, "first")
        happened("a message was sent")
        world.workspace.after = lambda method: TimeoutError() if method == "chat.postMessage" else None
        world.say(2, "reminder")
        world.workspace.after = lambda method: None
        world.workspace.before = lambda method: SlackRefusal("invalid_arguments") if method in READS else None
        world.say(3, "resolved")
        happened("Slack did not understand a question, and a message is dead")
        # No connection to a mail server.
        world.channel = Transports(Config.model_validate(CONFIGURATION), world.channel)
        world.say(4, "first", "mailto:oncall@example.com")
        happened("a channel takes nothing")
        world.workspace.store.close()
    yield found
    log.removeHandler(handler)
    log.setLevel(before)


CONFIGURATION = {
    "project": "acme",
    "bucket": "acme-evidence",
    "firestore": {"project": "acme"},
    "collector": {"image": "replica-collector:1.0"},
    "clusters": [{"name": "eu-prod-1", "environment": "prod"}],
    "slack": {"platform_channel": "C0PLATFORM"},
}
#: Of each metric what it hears, and nothing else is heard by it.
HEARD = {
    "watch_silent": {"ped_replica_watch finished"},
    "sync_silent": {"ped_limits_sync finished"},
    "callback_failed": {"a failed run could not be written down"},
    "dead_letter": {"Slack did not understand a question, and a message is dead"},
    "slack_read_refused": {"Slack did not understand a question, and a message is dead"},
    "channel_failing": {"a channel takes nothing"},
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("payload", ["textPayload", "jsonPayload.message", "jsonPayload.event"])
def test_a_metric_counts_the_lines_that_the_code_logs_and_no_others(
    name: str, payload: str, logged: dict[str, list[str]]
) -> None:
    matches = compile_query(query_of(name))
    heard = {what for what, lines in logged.items() if any(matches(entry(line, payload)) for line in lines)}
    assert heard == HEARD[name]
    for what in heard & {f"{dag_id} finished" for dag_id in ("ped_replica_watch", "ped_limits_sync")}:
        assert len([line for line in logged[what] if matches(entry(line, payload))]) == 1, "a cycle is one line"


@pytest.mark.parametrize("name", LINES)
def test_another_environment_is_not_ours(name: str, logged: dict[str, list[str]]) -> None:
    matches = compile_query(query_of(name))
    lines = [line for lines in logged.values() for line in lines]
    assert not any(matches(entry(line, environment_name="pedwatch-dev")) for line in lines)
    other = [entry(line) | {"resource": {"type": "k8s_container", "labels": {}}} for line in lines]
    assert not any(map(matches, other))


def test_every_line_of_the_table_is_logged_in_one_place() -> None:
    """A second place that writes a heartbeat would keep a dead watch alive."""
    begins = {line.partition(" ")[0] for line in LINES.values()}
    places: dict[str, list[str]] = {name: [] for name in begins}
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = str(node.args[0].value).partition(" ")[0]
                if name in places:
                    places[name].append(path.name)
    assert {name: len(set(found)) for name, found in places.items()} == dict.fromkeys(begins, 1)
    assert len(places["pedwatch_heartbeat"]) == 1


def test_every_line_for_metrics_is_documented() -> None:
    source = "\n".join(path.read_text() for path in sorted((ROOT / "plugins").rglob("*.py")))
    logged = set(re.findall(r'log\.\w+\(\s*"(pedwatch_\w+) ', source))
    table = (ROOT / "docs" / "slack.md").read_text().partition("## When Slack is silent")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`pedwatch_[^|]*) \|", table, re.MULTILINE)
    assert logged == {name for row in rows for name in re.findall(r"`(pedwatch_\w+)`", row)}


def locals_of_alerts() -> dict[str, Any]:
    (found,) = (b for b in read_folder(MODULE) if b.kind == "locals" and b.file == "alerts.tf")
    return found.body.arguments


def policies() -> dict[str, Block]:
    return {b.labels[1]: b for b in read_folder(MODULE) if b.labels[:1] == ("google_monitoring_alert_policy",)}


def test_silence_is_three_cycles_and_no_less_than_a_quarter_of_an_hour() -> None:
    assert locals_of_alerts()["silence_minutes"] == "${max(15, 3 * var.cycle_minutes)}"
    (variable,) = (b for b in read_folder(MODULE) if b.kind == "variable" and b.labels == ("cycle_minutes",))
    (validation,) = variable.body.blocks["validation"]
    taken = [int(number) for number in re.findall(r"\d+", re.findall(r"\[([\d, ]+)\]", str(validation.arguments))[0])]
    assert taken == list(get_args(Config.model_fields["cycle_minutes"].annotation)), "as pedwatch.yaml takes it"
    absent, counted = (condition for condition in policies()["stays_away"].body.blocks["conditions"])
    (silence,) = absent.blocks["condition_absent"]
    assert (
        literal(silence.arguments["duration"]) is None and "local.silence_minutes * 60" in silence.arguments["duration"]
    )
    (fewer,) = counted.blocks["condition_threshold"]
    assert literal(fewer.arguments["comparison"]) == "COMPARISON_LT" and fewer.arguments["threshold_value"] == 1
    assert literal(fewer.arguments["evaluation_missing_data"]) == "EVALUATION_MISSING_DATA_ACTIVE"
    for minutes in taken:  # what Cloud Monitoring takes
        assert 120 <= max(15, 3 * minutes) * 60 <= 84_600


def test_each_kind_of_alert_has_its_policy_and_says_what_to_do() -> None:
    assert {alert["kind"] for alert in ALERTS.values()} == set(policies())
    for kind, block in policies().items():
        assert f'alert.kind == "{kind}"' in block.body.arguments["for_each"]
        assert block.body.arguments["notification_channels"] == "${local.channels}"
        (documentation,) = block.body.blocks["documentation"]
        assert {"each.value.runbook", "var.runbooks"} <= {str(n) for n in names_in(documentation.arguments["content"])}
    assert str(locals_of_alerts()["policies"]).count("var.watched") == 1


def test_alerts_go_by_another_way_than_slack() -> None:
    """What pedwatch cannot say it cannot say by its own bot."""
    (channel,) = (b for b in read_folder(MODULE) if b.labels[:1] == ("google_monitoring_notification_channel",))
    assert literal(channel.body.arguments["type"]) == "email"


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_runbook_that_knows_it_and_how_to_try_it(name: str) -> None:
    alert = ALERTS[name]
    page = " ".join((ROOT / "docs" / "runbooks" / alert["runbook"]).read_text().split())
    assert f"pedwatch: {alert['title']}" in page, "who is called looks for the words of the alert"
    assert "Once a quarter" in page


def test_the_guide_has_the_table_of_alerts() -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text()
    table = guide.partition("| alert | it says |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", table, re.MULTILINE)
    expected = [(name, alert["title"], alert["reason"]) for name, alert in ALERTS.items()]
    assert rows == expected


def test_a_query_is_understood_or_refused() -> None:
    entry_ = {"a": "Hallo", "b": {"c": "x y"}, "severity": "ERROR"}
    for query, expected in {
        'a="hallo"': True,
        'a="hall"': False,
        'a:"all"': True,
        'b.c:"X"': True,
        'b.d:"x"': False,
        'a!="x"': True,
        'd!="x"': False,  # a field that is not there matches nothing
        'NOT d="x"': True,
        'a=~"^Hal+o$"': True,
        'a=~"^hallo$"': False,
        'a!~"x"': True,
        'a="x" OR a="hallo" AND severity=ERROR': True,
        '(a="x" OR a="hallo") severity=INFO': False,
        'a="x" AND (b.c="x y" OR a="hallo")': False,
    }.items():
        assert compile_query(query)(entry_) is expected, query
    for query in ('a="x" AND', '(a="x"', 'a>"x"', "just words", 'a="x")'):
        with pytest.raises(QueryError):
            compile_query(query)
