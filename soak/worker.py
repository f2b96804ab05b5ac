"""A worker: parses the DAG files once, and forks a process for each try of a task, as Airflow's workers do.

Reads requests as JSON lines, answers each with a line when its process has ended. A try is told where to leave what it
hands on, line by line as it happens: a process that is killed leaves what it had handed on before. A deploy is another
worker, on other folders.
"""

import argparse
import datetime as dt
import gc
import importlib
import inspect
import json
import os
import resource
import selectors
import signal
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from soak import time_passing
from soak.time_passing import Passing
from soak.wire import Wire

RETURNED = "return_value"
COLLECT = "collect"


class Handing:
    """The file of a try: a JSON document a line, each written at once."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, kind: str, **values: Any) -> None:
        """Write a line."""
        os.write(self._file, (json.dumps({"kind": kind, **values}) + "\n").encode())


class TaskInstance:
    """What tasks ask of Airflow's task instance."""

    stats_tags: ClassVar[dict[str, str]] = {}

    def __init__(self, asked: dict[str, Any], handing: Handing) -> None:
        self._asked, self._handing = asked, handing
        self.dag_id, self.task_id, self.run_id = asked["dag_id"], asked["task_id"], asked["run_id"]
        self.map_index, self.try_number = asked["map_index"], asked["try_number"]

    def xcom_pull(
        self, task_ids: str, key: str = RETURNED, map_indexes: Any = None, include_prior_dates: bool = False
    ) -> Any:
        """Return what a task handed on, None when it did not; with ``include_prior_dates`` also in the run before."""
        found = self._asked["xcoms"].get(f"{task_ids}.{key}")
        if found is None and include_prior_dates:
            found = self._asked["prior_xcoms"].get(f"{task_ids}.{key}")
        return found

    def xcom_push(self, key: str, value: Any) -> None:
        """Hand something on beside what the task returns."""
        self._handing.write("xcom", key=key, value=value)


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _context(dag: Any, asked: dict[str, Any], handing: Handing) -> dict[str, Any]:
    run = asked["run"]
    times = {name: _moment(run[name]) for name in ("data_interval_start", "data_interval_end", "logical_date")}
    times |= {"run_after": _moment(run["run_after"]), "start_date": _moment(run["run_after"])}
    dag_run = SimpleNamespace(
        dag_id=dag.dag_id, run_id=asked["run_id"], run_type=run["run_type"], conf=run.get("conf", {}), **times
    )
    params = dag.params.dump() | run.get("conf", {})
    found = {"dag": dag, "dag_run": dag_run, "params": params, "run_id": asked["run_id"]}
    return found | {"ti": TaskInstance(asked, handing), "reason": run.get("reason", "task_failure")}


def _resolved(value: Any, xcoms: dict[str, Any]) -> Any:
    """Replace a reference to what another task handed on by that."""
    operator = getattr(value, "operator", None)
    return value if operator is None else xcoms.get(f"{operator.task_id}.{value.key}")


def _call(function: Any, arguments: list[Any], named: dict[str, Any], context: dict[str, Any]) -> Any:
    wanted = list(inspect.signature(function).parameters)[len(arguments) :]
    return function(*arguments, **{n: context[n] for n in wanted if n in context and n not in named}, **named)


def _run_task(dag: Any, asked: dict[str, Any], handing: Handing) -> Any:
    """Do what Airflow's task runner does with a task."""
    from airflow.sdk.execution_time.context import set_current_context

    context = _context(dag, asked, handing)
    if asked["task_id"] == "callback":
        return dag.on_failure_callback(context)
    task = dag.get_task(asked["task_id"])
    with set_current_context(context):  # type: ignore[arg-type]
        hook = getattr(task, "_pre_execute_hook", None) or getattr(task, "partial_kwargs", {}).get("pre_execute")
        if hook is not None:
            hook(context)
        if not hasattr(task, "python_callable"):
            return None
        xcoms = asked["xcoms"]
        given = getattr(task, "partial_kwargs", None)
        arguments = given["op_args"] if given is not None else task.op_args
        named = dict(given["op_kwargs"] if given is not None else task.op_kwargs)
        if given is not None:
            each = {name: _resolved(v, xcoms) for name, v in task.op_kwargs_expand_input.value.items()}
            named |= {name: values[asked["map_index"]] for name, values in each.items()}
        resolved = {name: _resolved(value, xcoms) for name, value in named.items()}
        return _call(task.python_callable, [_resolved(a, xcoms) for a in arguments], resolved, context)


def _collect(asked: dict[str, Any]) -> None:
    """Do what a pod does: the collector's own program, in the environment that the plan gives it."""
    from replica_collector.__main__ import main

    os.environ.update(asked["environment"])
    status = main([])
    if status:
        raise RuntimeError(f"the pod ended with exit status {status}")


def _live(dags: dict[str, Any], asked: dict[str, Any]) -> int:
    """Be the process of one try; returns its exit status."""
    handing = Handing(asked["handing"])
    handing.write("began", pid=os.getpid())
    os.environ["PEDWATCH_CLOCK"] = clock = asked["handing"] + ".clock"
    passing = Passing(Path(clock), _moment(asked["now"]))  # type: ignore[arg-type]
    is_pod = asked["task_id"] == COLLECT
    Passing.lived_by = None if is_pod else passing
    wire = Wire(asked["faults"], lambda fault, call: handing.write("struck", fault=fault, call=call), passing.passes)
    wire.install()
    if asked.get("alarm_ms"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process at once, whatever it does
        signal.setitimer(signal.ITIMER_REAL, asked["alarm_ms"] / 1000)
    if asked.get("file_bytes") is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["file_bytes"], resource.RLIM_INFINITY))
    try:
        value: Any = None
        if is_pod:
            _collect(asked)
        elif asked["task_id"] == "call":
            module, _, name = asked["function"].partition(":")
            value = getattr(importlib.import_module(module), name)(*asked["arguments"])
        else:
            value = _run_task(dags[asked["dag_id"]], asked, handing)
        outcome = {"state": "success", "value": value}
    except BaseException as error:  # noqa: BLE001 whatever it is, Airflow's task runner says what becomes of it
        kind = type(error).__name__
        state = {"AirflowSkipException": "skipped", "AirflowFailException": "failed_for_good"}.get(kind, "failed")
        outcome = {"state": state, "error": f"{kind}: {error}"[:600], "trace": traceback.format_exc()[-1500:]}
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    handing.write("ended", now=passing.now.isoformat(), calls=wire.calls, cpu=used.ru_utime + used.ru_stime, **outcome)
    return 0


class Worker:
    """The parsed DAGs, and the processes that are under way."""

    def __init__(self, dags_folder: str) -> None:
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(dags_folder)
        if bag.import_errors:
            raise RuntimeError(f"DAGs do not import: {bag.import_errors}")
        self.dags = bag.dags
        self._selector = selectors.DefaultSelector()
        self._answers = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)

    def wiring(self) -> dict[str, Any]:
        """Return what a scheduler has to know of the DAGs."""
        return {dag_id: _wiring(dag) for dag_id, dag in self.dags.items()}

    def serve(self) -> None:
        """Answer until standard input closes."""
        self._answer({"wiring": self.wiring()})
        os.set_blocking(0, False)
        self._selector.register(0, selectors.EVENT_READ)
        pending = b""
        while True:
            for key, _ in self._selector.select():
                if key.fd != 0:
                    self._reap(key)
                    continue
                read = os.read(0, 1 << 20)
                if not read:
                    return
                *lines, pending = (pending + read).split(b"\n")
                for line in lines:
                    self._fork(json.loads(line))

    def _answer(self, document: dict[str, Any]) -> None:
        self._answers.write(json.dumps(document) + "\n")

    def _fork(self, asked: dict[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                status = _live(self.dags, asked)
            finally:
                sys.stderr.flush()
                os._exit(status)
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, asked["id"]))

    def _reap(self, key: selectors.SelectorKey) -> None:
        pid, number = key.data
        _, status, used = os.wait4(pid, 0)
        self._selector.unregister(key.fd)
        os.close(key.fd)
        self._answer({"id": number, "status": os.waitstatus_to_exitcode(status), "peak_kb": used.ru_maxrss})


def _wiring(dag: Any) -> dict[str, Any]:
    order = [task.task_id for task in dag.topological_sort()]
    return {
        "seconds": dag.dagrun_timeout.total_seconds(),
        "tasks": {
            name: {
                "upstream": sorted(task.upstream_task_ids),
                "rule": str(task.trigger_rule.value),
                "retries": task.retries,
                "retry_seconds": task.retry_delay.total_seconds(),
                "is_branch": "Branch" in type(task).__name__,
                "is_sensor": "Sensor" in type(task).__name__,
                "mapped_over": _mapped_over(task),
            }
            for name in order
            for task in [dag.get_task(name)]
        },
    }


def _mapped_over(task: Any) -> dict[str, Any] | None:
    """Return what a mapped task is mapped over: a task's word, or so many things that the file names."""
    found = getattr(task, "op_kwargs_expand_input", None) or getattr(task, "expand_input", None)
    if found is None:
        return None
    ((_, value),) = found.value.items()
    operator = getattr(value, "operator", None)
    return {"count": len(value)} if operator is None else {"xcom": f"{operator.task_id}.{value.key}"}


def preload() -> None:
    """Import what tasks import, before the first fork."""
    for name in (
        "airflow.providers.google.cloud.hooks.gcs",
        "airflow.providers.slack.hooks.slack",
        "google.cloud.bigquery",
        "google.cloud.storage",
        "replica_collector.__main__",
        *(
            f"pedwatch.{name}"
            for name in (
                "alerts.channels.dispatch",
                "alerts.delivery.leasing",
                "alerts.live.live_fold",
                "audit.bucket.period_pack",
                "hooks.clients",
                "limits.store.bigquery",
                "limits.sync",
                "observations.intake.cycle_load",
                "tasks.heartbeats",
                "tasks.limits_sync",
                "tasks.rejected_limits",
                "tasks.run_summary",
            )
        ),
    ):
        importlib.import_module(name)


def main() -> None:
    """Be a worker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dags", required=True, help="folder of the DAG files")
    given = parser.parse_args()
    time_passing.install()
    worker = Worker(given.dags)
    preload()
    gc.collect()
    gc.freeze()
    worker.serve()


if __name__ == "__main__":
    main()
