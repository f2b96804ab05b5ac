"""A failed DAG: its callback logs and reports, and reads and sends nothing; the sync tells it, and when it is back."""

import datetime as dt
import json
import logging
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pedwatch import settings
from pedwatch.alerts import failed_runs, platform_messages
from pedwatch.alerts.live import failure_reports
from pedwatch.alerts.live.live_fold import fold_alerts
from pedwatch.config import Config
from pedwatch.cycles import PERIOD, floor_to_cycle
from pedwatch.errors import MassEndError
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.limits.store.bigquery import BigQueryLimits
from pedwatch.tasks import failure_callback, replica_watch
from tests.operators.listening_platform import NOW, Platform
from tests.sql.billed_references import asked_since

ROOT = Path(__file__).resolve().parents[2]
WATCH = "ped_replica_watch"


@pytest.fixture
def platform(warehouse: Warehouse, config: Config, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """An empty outbox and an empty channel."""
    return Platform(warehouse, config, monkeypatch)


def told_rows(platform: Platform) -> list[dict[str, Any]]:
    """Return what there is to tell: reports tell nobody."""
    return [row for row in platform.rows() if row["reason"] != "run_failed"]


def reports(platform: Platform) -> dict[str, set[str]]:
    """Return the statuses of the reports of each run."""
    found: dict[str, set[str]] = {}
    for row in platform.rows():
        if row["reason"] == "run_failed":
            found.setdefault(json.loads(row["told_state"])["run_id"], set()).add(row["status"])
    return found


def test_the_callback_reports_and_the_sync_tells_once(platform: Platform) -> None:
    platform.fails("r1")
    assert (platform.calls, reports(platform), told_rows(platform)) == ([], {"r1": {"reported"}}, [])
    platform.fails("r2")
    platform.listens()
    assert reports(platform) == {"r1": {"settled"}, "r2": {"settled"}}
    assert len(told_rows(platform)) == 1, "one message until it finishes again"
    told = told_rows(platform)[0]["notification_id"]
    assert {row["told_by"] for row in platform.rows() if row["reason"] == "run_failed"} == {told}
    assert platform.texts == ["DAG failed: the run of ped_replica_watch for 10:05 UTC failed, in verdicts.compare"]
    platform.fails("r1", dag_id="ped_limits_sync")
    platform.listens(times=2)
    assert len(platform.texts) == 2, "another DAG is another message"


def test_the_callback_reads_nothing(platform: Platform, processor: Any) -> None:
    """Counted in what BigQuery is asked when Airflow's DAG processor calls it: one statement, no table referred to."""
    since = dt.datetime.now(dt.UTC)
    processor(SCHEDULED, "task_failure", server_context("scheduled", SCHEDULED, "compare"))
    asked = asked_since(platform.warehouse.client, platform.config.dataset, since)
    # What an INSERT fills is not billed: only what it scans.
    assert [(job.label, job.statements, job.scans) for job in asked] == [("alerts-report_failed_run", ("INSERT",), 0)]


def test_called_twice_and_read_twice_it_is_told_once(platform: Platform) -> None:
    run = {"run_id": "r1", "cycle": platform.now}
    platform.fails(**run)
    platform.fails(**run)
    assert len(platform.rows()) == 2, "an INSERT that reads nothing cannot know"
    platform.listens(times=2)
    assert (len(told_rows(platform)), reports(platform)) == (1, {"r1": {"settled"}})


def test_two_that_read_at_once_end_as_one(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second has read, and decides, while the first writes: it finds that out and begins anew."""
    platform.fails("r1")
    decide, others = failure_reports._decide, []

    def decide_late(*asked: Any) -> Any:
        rows = decide(*asked)
        if not others:
            others.append("busy")
            platform.fails("r2", cycle=platform.now)
            others.append(failure_reports.settle_reports(platform.warehouse, platform.config, "other"))
        return rows

    monkeypatch.setattr(failure_reports, "_decide", decide_late)
    mine = failure_reports.settle_reports(platform.warehouse, platform.config, "mine")
    assert (mine, others) == (0, ["busy", 1])
    assert len(told_rows(platform)) == 1 and reports(platform) == {"r1": {"settled"}, "r2": {"settled"}}


def test_killed_between_settling_and_sending_the_next_one_sends(platform: Platform) -> None:
    platform.fails("r1")
    failure_reports.settle_reports(platform.warehouse, platform.config, "killed")
    assert platform.texts == []
    platform.listens(times=2)
    assert len(platform.texts) == len(told_rows(platform)) == 1


def test_reports_that_cannot_be_settled_keep_no_alert_from_being_told(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    platform.fails("r1", dag_id="ped_digest")
    client = platform.warehouse.client
    client.delete_table(platform.warehouse.address("limit_sync_refusals"))
    cycle = floor_to_cycle(platform.now, PERIOD)
    folded = fold_alerts(platform.warehouse, platform.config, cycle, platform.now, "run", may_notify=True)
    assert folded["deliverable"] == 0 and "could not be settled" in caplog.text
    assert reports(platform) == {"r1": {"reported"}}


def test_a_dag_that_has_failed_for_months_is_told_when_it_is_back(platform: Platform) -> None:
    """Of the outbox the newest days are read: what still matters is read as far back as it is."""
    platform.fails("r1", dag_id="ped_replica_audit")
    platform.listens()
    platform.now += dt.timedelta(days=100)
    for number in (1, 2, 3):  # nobody listened: all of it is read; then as much as the run before said
        platform.listens()
        assert len(platform.texts) == 1
        platform.fails(f"again{number}", dag_id="ped_replica_audit")
    failed_at = NOW.isoformat()
    assert platform.left["open_since"] == failed_at
    platform.listens()
    platform.finishes("good", dag_id="ped_replica_audit")
    platform.listens()
    assert platform.texts[0].startswith("Resolved: ped_replica_audit runs again")
    platform.listens()
    assert dt.datetime.fromisoformat(platform.left["open_since"]) > platform.now - dt.timedelta(minutes=10)


def test_a_run_that_timed_out_names_the_pool_that_its_pods_wait_for(platform: Platform) -> None:
    """Nothing is said of Airflow's own pool, nor where the run failed by itself."""

    def told(number: int, pool: str, reason: str) -> bool:
        collector = platform.config.collector.model_copy(update={"pool": pool})
        config = platform.config.model_copy(update={"collector": collector})
        platform.fails(f"r{number}", cycle=NOW - number * PERIOD, reason=reason)
        [row] = platform.warehouse.run("alerts/reported_runs.sql", {"since": failure_reports.EVER})[-1:]
        report = failed_runs.report_from_row(row)
        progress = failure_reports._progress(platform.warehouse, config, report)
        platform.listens()
        return (
            "collected (its pods wait for the pool of_its_own: does it exist?)"
            in report.message("", progress).facts[-1][1]
        )

    assert told(1, "of_its_own", "timed_out")
    assert not told(2, "default_pool", "timed_out")
    assert not told(3, "of_its_own", "task_failure")


def test_the_watch_sends_it_where_the_sync_is_dead(platform: Platform) -> None:
    platform.fails("r1", dag_id="ped_limits_sync")
    cycle = floor_to_cycle(platform.now, PERIOD)
    folded = fold_alerts(platform.warehouse, platform.config, cycle, platform.now, "run", may_notify=True)
    assert folded["deliverable"] == 1
    replica_watch.notify({"cycle": cycle.isoformat(), "may_notify": True}, run_id="run")
    assert platform.texts == ["DAG failed: the run of ped_limits_sync for 10:05 UTC failed, in verdicts.compare"]


def test_a_run_that_ends_while_it_tells_says_what_was_done_and_what_waits(platform: Platform) -> None:
    """Seen live: killed by its timeout inside ``notify``, and the message said that nothing had been judged."""
    cycle = floor_to_cycle(platform.now, PERIOD)
    platform.fails("r0", dag_id="ped_digest")  # its own word waits to be told
    platform.judges(cycle)
    platform.fails("r1", cycle=cycle, reason="timed_out")
    platform.fails("r2", dag_id="ped_housekeeping")
    failure_reports.settle_reports(platform.warehouse, platform.config, "sync")
    words = {row["told_state"]: row["message"] for row in told_rows(platform)}
    [told] = [json.loads(message)["facts"] for state, message in words.items() if "ped_replica_watch" in state]
    facts = dict(told)
    assert facts["Done"] == "replica counts judged; alerts brought up to date"
    assert facts["Not done"] == "collected" and "What it means" not in facts


@pytest.mark.parametrize(
    ("progress", "done", "missing"),
    [
        ((0, False, False, 0), "nothing", "collected; replica counts judged; alerts brought up to date"),
        ((2, False, False, 0), "2 clusters collected", "replica counts judged; alerts brought up to date"),
        ((1, True, False, 0), "1 cluster collected; replica counts judged", "alerts brought up to date"),
        (
            (48, True, True, 34),
            "48 clusters collected; replica counts judged; alerts brought up to date",
            "34 messages wait for the next run",
        ),
        (
            (48, True, True, 0),
            "48 clusters collected; replica counts judged; alerts brought up to date",
            "nothing is missing but the run's end",
        ),
    ],
)
def test_how_far_a_cycle_came(progress: tuple[int, bool, bool, int], done: str, missing: str) -> None:
    told = platform_messages.Progress(*progress).told()
    assert told[0] == done and told[1].startswith(missing)


def test_a_refused_sync_says_why(platform: Platform) -> None:
    refusal = MassEndError("200 of 200 limits would end")
    BigQueryLimits(platform.warehouse).record_refusal(refusal, "r1", NOW, platform.config.firestore)
    platform.fails("r1", dag_id="ped_limits_sync")
    platform.listens()
    assert [text.rpartition(": ")[2] for text in platform.texts] == ["200 of 200 limits would end"]


def test_a_refusal_after_a_hiccup_is_heard_once(platform: Platform) -> None:
    platform.fails("r1", dag_id="ped_limits_sync")
    for run, text in (("r2", "200 of 200 limits would end"), ("r3", "199 of 200 limits would end")):
        refusal = MassEndError(text)
        BigQueryLimits(platform.warehouse).record_refusal(refusal, run, NOW, platform.config.firestore)
        platform.fails(run, dag_id="ped_limits_sync")
    platform.fails("r4", dag_id="ped_limits_sync")
    platform.listens()
    parent, reply = platform.texts
    assert parent.endswith(": 200 of 200 limits would end"), "the parent shows the newest state"
    assert reply.endswith(": 200 of 200 limits would end")
    for run in ("r5", "r6", "r7"):
        platform.finishes(run, dag_id="ped_limits_sync")
    platform.listens()
    assert platform.texts[0].startswith("Resolved: ped_limits_sync runs again after 20 min")


def test_it_is_back_after_three_runs_in_a_row(platform: Platform) -> None:
    platform.fails("r1")
    for run in ("r2", "r4", "r5"):  # r3 fails, and is not told
        platform.finishes(run)
        platform.listens()
        if run == "r2":
            platform.fails("r3")
    assert len(platform.texts) == 1
    platform.finishes("r6")
    platform.listens(times=2)
    parent, reply = platform.texts
    assert parent.startswith("Resolved: ped_replica_watch runs again after 15 min, since 10:20 UTC")
    assert reply.startswith(":large_green_circle: Resolved: ped_replica_watch runs again")
    platform.fails("r7")
    platform.listens()
    assert len(platform.texts) == 3, "a new failure is a new message"


def test_a_daily_dag_is_back_with_its_first_run_and_a_cleared_one_goes_on_in_its_thread(platform: Platform) -> None:
    platform.fails("r1", dag_id="ped_digest")
    platform.listens()
    failed_at = platform.now
    platform.finishes("r1", dag_id="ped_digest", cycle=failed_at)
    platform.listens()
    platform.fails("r1", dag_id="ped_digest", cycle=failed_at)
    platform.listens()
    assert [row["sequence"] for row in told_rows(platform)] == [1, 2, 3]
    assert len({row["episode_id"] for row in told_rows(platform)}) == 1
    assert platform.texts[0].startswith("DAG failed"), "the parent shows the newest state"


@pytest.mark.parametrize("run_type", ["backfill", "manual", "something_new"])
def test_only_scheduled_runs_are_told(platform: Platform, run_type: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        platform.fails("r1", run_type)
    assert platform.rows() == []
    assert "pedwatch_dag_failed dag_id=ped_replica_watch run_id=r1 reason=task_failure" in caplog.text


def test_a_backfill_is_no_sign_of_life(platform: Platform) -> None:
    platform.fails("r1", dag_id="ped_digest")
    platform.finishes("b1", dag_id="ped_digest", origin="backfill")
    platform.listens()
    assert [row["reason"] for row in told_rows(platform)] == ["dag_failed"]


@pytest.fixture(scope="module")
def processor() -> Any:
    """What Airflow's DAG processor does with a request, on the DAG that ships."""
    import structlog
    from airflow.callbacks.callback_requests import DagCallbackRequest, DagRunContext
    from airflow.dag_processing.dagbag import DagBag
    from airflow.dag_processing.processor import _execute_dag_callbacks

    from tests.dags.conftest import ENVIRONMENT

    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        bag = DagBag(ROOT / "dags" / f"{WATCH}.py")

    def process(run_id: str, reason: str, context: DagRunContext | None) -> None:
        request = DagCallbackRequest(
            filepath=f"{WATCH}.py",
            bundle_name="dags",
            bundle_version=None,
            dag_id=WATCH,
            run_id=run_id,
            context_from_server=context,
            is_failure_callback=True,
            msg=reason,
        )
        _execute_dag_callbacks(bag, request, structlog.get_logger())

    return process


def server_context(run_type: str, run_id: str, task: str | None) -> Any:
    """What the scheduler sends along: the run, and a task if one is to blame."""
    from airflow.api_fastapi.execution_api.datamodels import taskinstance as server
    from airflow.callbacks.callback_requests import DagRunContext

    end = dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC)
    start = end - dt.timedelta(minutes=5)
    run = server.DagRun(
        dag_id=WATCH,
        run_id=run_id,
        logical_date=start,
        data_interval_start=start,
        data_interval_end=end,
        run_after=end,
        start_date=end,
        end_date=end,
        partition_key=None,
        run_type=run_type,
        state="failed",
        consumed_asset_events=[],
    )
    ti = task and server.TaskInstance(
        id=uuid.uuid4(),
        task_id=task,
        dag_id=WATCH,
        run_id=run_id,
        try_number=1,
        dag_version_id=uuid.uuid4(),
        map_index=-1,
    )
    return DagRunContext(dag_run=run, last_ti=ti or None)


SCHEDULED = "scheduled__2026-03-02T10:05:00+00:00"


@pytest.mark.parametrize(
    ("reason", "run_type", "task", "has_context", "says"),
    [
        ("task_failure", "scheduled", "compare", True, "for 10:05 UTC failed, in compare"),
        ("timed_out", "scheduled", "collect", True, "for 10:05 UTC timed out in collect"),
        ("timed_out", "scheduled", None, True, 'for 10:05 UTC timed out"'),
        ("all_tasks_deadlocked", "scheduled", None, False, "could not go on (its tasks wait for each other)"),
        ("task_failure", "backfill", "compare", True, None),
    ],
    ids=["a task failed", "timed out", "no task is named", "dag, run_id and reason only", "a backfill's"],
)
def test_through_airflow(
    platform: Platform,
    processor: Any,
    reason: str,
    run_type: str,
    task: str | None,
    has_context: bool,
    says: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        processor(SCHEDULED, reason, server_context(run_type, SCHEDULED, task) if has_context else None)
    assert f"pedwatch_dag_failed dag_id={WATCH} run_id={SCHEDULED} reason={reason}" in caplog.text
    assert "pedwatch_dag_callback_failed" not in caplog.text
    texts = [row["message"] for row in platform.rows()]
    assert platform.calls == []
    if says is None:
        assert texts == []
    else:
        assert len(texts) == 1 and says in texts[0]


@pytest.mark.parametrize(
    ("run_id", "days", "is_told"),
    [
        (SCHEDULED, 0, True),
        (SCHEDULED, 2, False),
        ("backfill__2026-03-02T10:05:00+00:00", 0, False),
        ("manual__2026-03-02T10:05:00+00:00", 0, False),
        ("scheduled__somewhen", 0, True),
        ("", 0, False),
    ],
)
def test_a_run_known_by_its_id_alone(run_id: str, days: int, is_told: bool) -> None:
    run = failure_callback.read_context({"run_id": run_id})
    assert run.may_alert(NOW + dt.timedelta(days=days)) is is_told


def test_without_bigquery_there_is_a_line_in_the_log_and_no_error(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(config: Config) -> Warehouse:
        raise ConnectionError("503 xoxb-secret")

    monkeypatch.setattr("pedwatch.hooks.clients.warehouse_of_any_schema", down)
    with caplog.at_level(logging.INFO):
        platform.fails("r1")
    assert [line.split(" ")[0] for line in caplog.messages] == ["pedwatch_dag_failed", "pedwatch_dag_callback_failed"]
    assert "pedwatch_dag_callback_failed dag_id=ped_replica_watch error=ConnectionError" in caplog.text
    assert "xoxb" not in caplog.text


@pytest.fixture
def never_answers() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def silent_warehouse(address: str, config: Config) -> Warehouse:
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    client = bigquery.Client(
        project="p", credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=address)
    )
    return Warehouse(client, config, settings.include_dir() / "sql")


def test_a_bigquery_that_never_answers_is_given_up_in_time(
    platform: Platform,
    never_answers: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert failure_callback.LIMIT_SECONDS <= 20
    monkeypatch.setattr(failure_callback, "LIMIT_SECONDS", 0.5)
    monkeypatch.setattr(
        "pedwatch.hooks.clients.warehouse_of_any_schema", lambda config: silent_warehouse(never_answers, config)
    )
    with caplog.at_level(logging.INFO):
        platform.fails("r1")
    assert "pedwatch_dag_callback_failed dag_id=ped_replica_watch error=LedgerError" in caplog.text


def test_what_hangs_elsewhere_is_left_to_itself() -> None:
    with pytest.raises(Exception, match="not written within"):
        failure_callback.within(0.05, lambda: time.sleep(5))


def test_a_heartbeat_is_a_line_and_a_row(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            platform.finishes("r1", cycle=NOW)
        platform.finishes("b1", origin="backfill")
    lines = [line for line in caplog.messages if line.startswith("pedwatch_heartbeat")]
    assert lines[0] == "pedwatch_heartbeat dag_id=ped_replica_watch cycle=2026-03-02T10:05:00+00:00 lag_seconds=60"
    assert len(lines) == 2, "a backfill is none"
    assert len(platform.beats()) == 2
