"""One run of ``ped_replica_watch``, task by task: the functions that its DAG file wires.

Airflow's part, as far as tasks see it: XComs that are JSON, a run that knows which tasks have ended, clearing.
"""

import datetime as dt
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from pedwatch.tasks import replica_watch

DAG_ID = "ped_replica_watch"
RETURNED = "return_value"
DAG_FILE = Path(__file__).resolve().parents[2] / "dags" / f"{DAG_ID}.py"


class TaskInstance:
    """What tasks ask of Airflow's task instance."""

    stats_tags: ClassVar[dict[str, str]] = {}
    map_index, try_number, dag_id = -1, 1, DAG_ID

    def __init__(self, run: "Run", task_id: str) -> None:
        self._run, self.task_id, self.run_id = run, task_id, run.run_id

    def xcom_pull(self, task_ids: str, key: str = RETURNED) -> Any:
        """Return what a task handed on, None when it did not."""
        return json.loads(self._run.xcoms.get(f"{task_ids}.{key}", "null"))

    def xcom_push(self, key: str, value: Any) -> None:
        """Hand something on beside what the task returns."""
        self._run.xcoms[f"{self.task_id}.{key}"] = json.dumps(value)


@dataclass
class Run:
    """One DAG run: what its tasks handed on, and which of them Airflow knows to have ended."""

    cycle: dt.datetime
    run_type: str
    run_id: str
    params: Mapping[str, Any]
    kubeconfig: str
    xcoms: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    @property
    def dag_run(self) -> SimpleNamespace:
        """What tasks read of the DAG run."""
        times = dict.fromkeys(("data_interval_end", "run_after", "logical_date", "start_date"), self.cycle)
        return SimpleNamespace(run_type=self.run_type, run_id=self.run_id, **times)

    @property
    def plan(self) -> dict[str, Any]:
        """What the first task decided."""
        return dict(self.told("plan_cycle", replica_watch.PLAN))

    def told(self, task: str, key: str = RETURNED) -> Any:
        """Return what a task handed on."""
        return json.loads(self.xcoms[f"{task}.{key}"])

    def go(self, *, until: str | None = None, times: int = 1) -> "Run":
        """Run the tasks that have not ended, in order, each so often; no further than ``until``."""
        for name, task in TASKS.items():
            if name not in self.done and self._is_chosen(name):
                for _ in range(times):
                    self.xcoms[f"{name}.{RETURNED}"] = json.dumps(task(self))
                self.done.append(name)
            if name == until:
                break
        return self

    def clear(self) -> "Run":
        """Let every task run again, as clearing the run in Airflow does: an XCom stays until its task runs again."""
        self.done.clear()
        return self

    def _is_chosen(self, name: str) -> bool:
        return name not in BRANCHES or self.told("fold_episodes") == name


def collect(run: Run) -> None:
    """Do what the pods do: the collector's own program, with the environment the plan gives each."""
    from replica_collector.__main__ import main

    for pod in run.told("plan_cycle"):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in pod.items():
                if name != "TMPDIR":  # a volume of the pod
                    patch.setenv(name, value)
            assert main([]) == 0


@functools.lru_cache(maxsize=1)
def parse_dag(config: str) -> Any:
    """Return the DAG as the DAG processor makes it of the file, under a configuration (its path, which is the key)."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(DAG_FILE).dags[DAG_ID]


def beat(run: Run) -> None:
    """Write the heartbeat."""
    replica_watch.heartbeat(
        run.plan, run_id=run.run_id, dag=SimpleNamespace(dag_id=DAG_ID), ti=TaskInstance(run, "heartbeat")
    )


#: The tasks of the DAG in an order that it allows; a test holds this against the DAG file.
TASKS: dict[str, Callable[[Run], Any]] = {
    "plan_cycle": lambda run: replica_watch.plan_cycle(
        run.kubeconfig, dag_run=run.dag_run, params=run.params, ti=TaskInstance(run, "plan_cycle")
    ),
    "collect": collect,
    "collected": lambda run: None,
    "load_observations": lambda run: replica_watch.load_observations(
        run.plan, run.told("plan_cycle", replica_watch.FOUND)
    ),
    "compare": lambda run: replica_watch.compare(run.plan, run.told("load_observations"), run_id=run.run_id),
    "fold_episodes": lambda run: replica_watch.fold_episodes(
        run.plan, run_id=run.run_id, ti=TaskInstance(run, "fold_episodes")
    ),
    "notify": lambda run: replica_watch.notify(run.plan, run_id=run.run_id),
    "write_evidence": lambda run: replica_watch.write_evidence(run.plan, run.told("load_observations")),
    "nothing_to_say": lambda run: None,
    "heartbeat": beat,
}
BRANCHES = ("notify", "write_evidence", "nothing_to_say")
