"""Runs DAGs one after the other in one process with ``dag.test``: real tasks, no scheduler.

Importing Airflow takes seconds and a run half of one, so one process does them all. Reads requests as JSON lines
(``{"dag_id", "logical_date", "conf"}``), answers with one line each; whatever tasks print goes to standard error.
"""

import json
import os
import sys
import time
import traceback
from datetime import datetime
from typing import Any, TextIO


def _take_over_output() -> TextIO:
    """Keep standard output for answers; tasks and their subprocesses get standard error instead."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return answers


class Runner:
    """The DAGs of the configured folder."""

    def __init__(self) -> None:
        from airflow.dag_processing.dagbag import DagBag

        self._bag = DagBag()
        if self._bag.import_errors:
            details = "; ".join(f"{path}: {error.strip()}" for path, error in self._bag.import_errors.items())
            raise RuntimeError(f"DAGs do not import: {details}")

    def dag_ids(self) -> list[str]:
        """Return the ids of all DAGs."""
        return sorted(self._bag.dags)

    def run(self, dag_id: str, logical_date: str, conf: dict[str, Any] | None) -> dict[str, Any]:
        """Run a DAG for one logical date and say how it went, task by task."""
        dag = self._bag.dags.get(dag_id)
        if dag is None:
            return {"error": f"no DAG {dag_id}; there are {', '.join(self.dag_ids()) or 'none'}"}
        started = time.monotonic()
        run = dag.test(logical_date=datetime.fromisoformat(logical_date), run_conf=conf)
        tasks = [
            {
                "task_id": task.task_id,
                "map_index": task.map_index,
                "state": str(task.state),
                "try_number": task.try_number,
            }
            for task in run.get_task_instances()
        ]
        return {"run_id": run.run_id, "state": str(run.state), "tasks": tasks, "seconds": time.monotonic() - started}


def main() -> None:
    """Answer requests until standard input closes."""
    answers = _take_over_output()

    def answer(document: dict[str, Any]) -> None:
        answers.write(json.dumps(document) + "\n")

    try:
        runner = Runner()
    except Exception as error:  # whatever keeps Airflow from loading is for the starter to report
        answer({"error": f"{type(error).__name__}: {error}"})
        raise
    answer({"ready": True, "dag_ids": runner.dag_ids()})
    for line in sys.stdin:
        try:
            answer(runner.run(**json.loads(line)))
        except Exception as error:  # noqa: BLE001 (a DAG that cannot even start is an answer too; the log has the rest)
            traceback.print_exc()
            answer({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
