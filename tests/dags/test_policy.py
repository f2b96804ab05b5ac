"""What every DAG must have, so that the one on call finds the same things on each of them."""

import datetime as dt
import inspect
import json
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator

from pedwatch.cycles import PERIOD
from pedwatch.deadlines import collection
from pedwatch.observations.batches import BATCH
from tests.dags.conftest import DAGS, ENVIRONMENT, ROOT

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk import DAG

SCHEDULED = {"ped_digest", "ped_housekeeping", "ped_limits_sync", "ped_replica_audit", "ped_replica_watch"}
SYNC, WATCH = "ped_limits_sync", "ped_replica_watch"
MANUAL = {"ped_limits_publish"}
DAG_IDS = sorted(SCHEDULED | MANUAL)

#: Tasks that must not be retried, and why.
NEVER_RETRIED = {
    "ped_housekeeping.check_invariants": "a broken invariant is not mended by looking twice",
    "ped_limits_publish.publish_limits": "a wrong document stays wrong, and somebody waits for the answer",
}
#: DAG files that are helped by being short; one file is one DAG.
MOST_LINES = 120


@pytest.fixture(params=DAG_IDS)
def dag(request: pytest.FixtureRequest, dag_bag: "DagBag") -> "DAG":
    """Each DAG in turn."""
    return dag_bag.dags[request.param]


def test_exactly_these_dags_exist(dag_bag: "DagBag") -> None:
    # First of all: a DagBag on a wrong folder is empty, and every other test here would pass on it.
    assert dag_bag.import_errors == {}
    assert sorted(dag_bag.dags) == DAG_IDS


def test_one_file_is_one_dag_named_as_the_file(dag: "DAG") -> None:
    assert dag.fileloc == str(DAGS / f"{dag.dag_id}.py")


def test_the_documentation_begins_with_what_can_go_wrong(dag: "DAG") -> None:
    paragraphs = [text.strip() for text in (dag.doc_md or "").split("\n\n") if text.strip()]
    assert len(paragraphs) >= 3, "doc_md is the module's docstring: a title, what can go wrong, what it does"
    title, warning = paragraphs[:2]
    assert title.startswith("### ") and "\n" not in title
    assert re.match(r"\*\*What can go wrong, and ", warning), f"the second paragraph is {warning[:60]!r}"
    assert paragraphs[2].startswith("- *"), "each trouble is an entry that begins with its symptom"


def test_it_says_what_it_is_and_whose(dag: "DAG") -> None:
    assert dag.description
    assert {"pedwatch"} < set(dag.tags), "tags: pedwatch and what it is about"
    assert {task.owner for task in dag.tasks} == {"platform"}


def test_runs_do_not_overlap_pile_up_or_hang(dag: "DAG") -> None:
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert dag.dagrun_timeout is not None
    assert dag.start_date is not None and dag.start_date.utcoffset() == dt.timedelta(0)


def test_every_task_is_retried_or_says_why_not(dag: "DAG") -> None:
    from airflow.sdk import RetryAction

    for task in dag.tasks:
        decided = task.retry_policy.evaluate(RuntimeError("as any"), try_number=1, max_tries=2)
        if f"{dag.dag_id}.{task.task_id}" in NEVER_RETRIED:
            assert decided.action == RetryAction.FAIL
        else:
            assert task.retries >= 1, f"{task.task_id} gives up at the first hiccup"
            assert decided.action == RetryAction.DEFAULT
            # A cycle lasts five minutes: the default pause of five minutes would never fit.
            assert task.retry_delay <= dt.timedelta(minutes=1), f"{task.task_id} pauses for {task.retry_delay}"


def test_no_task_begins_on_a_mixture_of_builds(dag: "DAG") -> None:
    """Mapped ones, operators of ours and those that are never retried for anything else: each asks, then waits."""
    from airflow.sdk import RetryAction

    from pedwatch.errors import MixedBuildError

    for task in dag.tasks:
        asks = task.partial_kwargs["pre_execute"] if task.is_mapped else task._pre_execute_hook
        asks({})  # nothing was bundled here, so nothing is mixed
        asks.asked = "another"
        with pytest.raises(
            MixedBuildError, match="the DAG file is of build another, the package in plugins/ of source"
        ):
            asks({})
        decided = task.retry_policy.evaluate(MixedBuildError("mixed"), try_number=1, max_tries=task.retries)
        assert decided.action == RetryAction.RETRY
        assert decided.retry_delay * task.retries == dt.timedelta(minutes=5)
        asks.asked = "source"


def test_a_failure_is_told_and_success_calls_nobody(dag: "DAG") -> None:
    from pedwatch.tasks import failure_callback

    # A callback of success would run after every run, on the processes that parse everybody's DAGs.
    assert (dag.on_failure_callback, dag.on_success_callback) == (failure_callback.dag_failed, None)


@pytest.mark.parametrize("dag_id", sorted(SCHEDULED - {SYNC}))
def test_the_last_task_is_a_heartbeat_that_means_all_of_it_was_done(dag_bag: "DagBag", dag_id: str) -> None:
    from airflow.sdk import TriggerRule

    dag = dag_bag.dags[dag_id]
    assert [task.task_id for task in dag.leaves] == ["heartbeat"]
    [last] = dag.leaves
    # Never ALL_DONE: what failed would end green. The watch chooses one of three branches before it.
    branches = dag_id == WATCH
    expected = TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS if branches else TriggerRule.ALL_SUCCESS
    assert last.trigger_rule == expected


@pytest.mark.parametrize("dag_id", sorted(MANUAL))
def test_who_starts_it_by_hand_needs_no_heartbeat(dag_bag: "DagBag", dag_id: str) -> None:
    # Nobody waits for its next run, its failures are told to nobody, and it may run before there are tables.
    assert "heartbeat" not in dag_bag.dags[dag_id].task_ids


def test_a_cycle_starts_few_processes(dag_bag: "DagBag") -> None:
    """What a process costs is its imports, and on Composer the way into a worker: 5 to 12 seconds each."""
    sync, watch = (set(dag_bag.dags[name].task_ids) for name in (SYNC, WATCH))
    collectors, empty, branches = {"collect"}, {"nothing_to_say", "collected"}, {"notify", "write_evidence"}
    assert collectors | empty | branches < watch
    quiet = len(sync) + len(watch - collectors - empty - branches)
    assert quiet <= 7
    assert quiet + len({"notify"}) <= 8
    assert dag_bag.dags[WATCH].get_task("fold_episodes").downstream_task_ids == {"nothing_to_say"} | branches


def test_a_task_imports_what_it_needs_when_it_needs_it(shipped_configuration: pytest.MonkeyPatch) -> None:
    """Every task's process parses its DAG file: clients and providers would be most of what it costs.

    Nor does one that is missing keep a DAG from being there: the run says it.
    """
    heavy = ("google.cloud.bigquery", "google.auth", "grpc", "kubernetes", "pandas", "slack_sdk")
    program = f"""
import sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag({str(DAGS)!r})
assert len(bag.dags) == {len(DAG_IDS)}, bag.import_errors
print([name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_bigquerys_library_comes_without_data_frames() -> None:
    """They were a third of what a task's process costs; whoever wants them afterwards has them."""
    program = """
import importlib, pkgutil, sys
import pedwatch
for module in pkgutil.walk_packages(pedwatch.__path__, "pedwatch."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert "google.cloud.bigquery" not in sys.modules, "a module imports it by itself, before it was told"
from pedwatch.hooks.bigquery_library import bigquery_library
assert bigquery_library().Client and bigquery_library() is sys.modules["google.cloud.bigquery"]
print([name for name in ("pandas", "numpy", "pyarrow") if name in sys.modules])
import pandas
print(pandas.DataFrame({"a": [1]}).shape)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["[]", "(1, 1)"]


def test_the_pages_leave_other_plugins_their_data_frames() -> None:
    program = """
from pedwatch.hooks import clients
from pedwatch.hooks.bigquery_library import bigquery_library
from pedwatch.page.questions import Questions
clients.warehouse = lambda config: bigquery_library()
library = Questions().open_warehouse(None)
from google.cloud.bigquery import _pandas_helpers
print(library is bigquery_library(), _pandas_helpers.pandas is not None)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["True True"], done.stderr


def test_a_serialized_dag_holds_names_and_no_configuration(dag_bag: "DagBag") -> None:
    """Who may read DAGs need not read addresses; and a line of the configuration makes no new version of the DAG."""
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in dag_bag.dags.values():
        text = json.dumps(DagSerialization.to_dict(dag))
        assert not [value for value in ENVIRONMENT.values() if value in text]


def test_a_mapped_collector_is_shown_by_its_cluster(dag_bag: "DagBag") -> None:
    collect: Any = dag_bag.dags[WATCH].get_task("collect")
    template = dag_bag.dags[WATCH].get_template_env().from_string(collect.map_index_template)
    assert template.render(task=SimpleNamespace(env_vars={BATCH: "eu-prod-1"})) == "eu-prod-1"


@pytest.mark.parametrize("dag_id", sorted(SCHEDULED))
def test_a_scheduled_run_has_an_interval(dag_bag: "DagBag", dag_id: str) -> None:
    from airflow.sdk import CronDataIntervalTimetable

    # Airflow 3 gives plain cron strings intervals of no length, and then the cycle has no past.
    assert isinstance(dag_bag.dags[dag_id].timetable, CronDataIntervalTimetable)


@pytest.mark.parametrize("dag_id", sorted(SCHEDULED))
def test_its_intervals_are_as_long_as_its_period(dag_bag: "DagBag", dag_id: str) -> None:
    import pendulum
    from airflow.serialization.encoders import coerce_to_core_timetable

    timetable = coerce_to_core_timetable(dag_bag.dags[dag_id].timetable)
    interval = timetable.infer_manual_data_interval(run_after=pendulum.datetime(2026, 3, 2, 10, 5, 1))
    weekend = (dt.timedelta(days=3),) if dag_id == "ped_digest" else ()
    assert interval.end - interval.start in (dt.timedelta(minutes=5), dt.timedelta(days=1), *weekend)


@pytest.mark.parametrize("dag_id", sorted(MANUAL))
def test_a_manual_dag_is_never_scheduled_and_changes_nothing_unless_told(dag_bag: "DagBag", dag_id: str) -> None:
    dag = dag_bag.dags[dag_id]
    assert dag.schedule is None
    assert dag.params["apply"] is False, "without being told, it only shows what it would do"


def test_the_watch_fits_into_its_period(dag_bag: "DagBag") -> None:
    assert dag_bag.dags["ped_replica_watch"].dagrun_timeout < dt.timedelta(minutes=5)


def test_a_silent_cluster_and_a_slow_airflow_leave_time(dag_bag: "DagBag") -> None:
    """Ten seconds into each worker, pods that are waited for until the closing: 60 % of the cycle, sending included.

    Measured by the bench `cycle`; here only so that neither a task nor a longer collection comes in unseen.
    """
    hop, work = 10, 2.5
    dag = dag_bag.dags[WATCH]

    def longest(task_id: str) -> int:
        task = dag.get_task(task_id)
        is_process = not isinstance(task, EmptyOperator)  # the scheduler itself ends those
        return is_process + max((longest(each) for each in task.downstream_task_ids), default=0)

    in_a_row = longest("plan_cycle")
    assert in_a_row == 7
    assert collection(PERIOD).total_seconds() + in_a_row * (hop + work) <= 0.6 * PERIOD.total_seconds()


def test_params_are_typed_and_explained(dag: "DAG") -> None:
    for name in dag.params:
        param: Any = dag.params.get_param(name)
        assert param.schema.get("type"), f"{name} takes anything"
        assert param.schema.get("title"), f"{name} has no title in the trigger form"
        assert param.description or param.schema.get("description"), f"{name} is not explained"


def test_nothing_of_a_dag_depends_on_when_it_was_parsed(shipped_configuration: pytest.MonkeyPatch) -> None:
    # A default like date.today() makes a new version of the DAG every day.
    forbidden = re.compile(r"\.(?:today|utcnow|now)\(")
    for path in DAGS.glob("*.py"):
        wiring = path.read_text()[path.read_text().index("with DAG(") :]
        assert not forbidden.search(wiring), path.name


def test_dag_files_are_wiring() -> None:
    for path in sorted(DAGS.glob("*.py")):
        text = path.read_text()
        assert len(text.splitlines()) <= MOST_LINES, f"{path.name}: move what is not wiring to plugins/pedwatch"
        assert not re.search(r"\b(?:SELECT\s+\S+\s+FROM|INSERT INTO|MERGE )", text), (
            f"{path.name}: SQL is in include/sql"
        )


def test_the_runbook_names_tasks_that_exist(dag_bag: "DagBag") -> None:
    tasks = {task.task_id.rpartition(".")[2] for dag in dag_bag.dags.values() for task in dag.tasks}
    table = (ROOT / "docs" / "runbooks" / "a-task-failed.md").read_text()
    named = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
    assert len(named) >= 8
    assert named <= tasks


def test_a_run_by_hand_with_a_misspelt_key_fails_at_its_first_task(dag: "DAG", monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    run = SimpleNamespace(run_type="manual", conf={"form_date": "2026-03-01"}, run_id="r", data_interval_start=None)
    context = {"dag_run": run, "dag": dag, "params": {}, "run_id": "r", "ti": None, "kubeconfig_path": "/kube"}
    refused = 0
    for task in dag.roots:
        function = task.python_callable
        asks = set(inspect.signature(function).parameters)
        monkeypatch.setitem(function.__globals__, "get_current_context", lambda: context)
        if asks <= set(context):
            with pytest.raises(AirflowFailException, match="unknown in conf: form_date"):
                function(**{name: context[name] for name in asks})
            refused += 1
    assert refused == 1, "the task that begins a run asks refuse_unknown"


def test_the_name_of_a_mapped_task_is_never_longer_than_its_column(dag: "DAG") -> None:
    names = [task.partial_kwargs["map_index_template"] for task in dag.tasks if task.is_mapped]
    task = SimpleNamespace(env_vars={BATCH: "c" * 600})
    ti = SimpleNamespace(xcom_pull=lambda **_: "s" * 600, task_id="t", map_index=0)
    for name in filter(None, names):
        assert len(dag.get_template_env().from_string(name).render(task=task, ti=ti)) == 250
