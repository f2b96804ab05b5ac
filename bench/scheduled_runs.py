"""Runs as the scheduler would make them, before it runs: ``python -m bench.scheduled_runs``; stands for no benchmark.

Reads ``[[dag_id, cycle], …]`` from standard input, cycles as ISO times; the runs wait, as failed ones, to be queued.
"""

import datetime as dt
import json
import sys

LENGTH = dt.timedelta(minutes=5)


def run_id(dag_id: str, cycle: dt.datetime) -> str:
    """Return the id that the run of a cycle is given."""
    return f"scheduled__{dag_id}__{cycle.isoformat()}"


def main() -> None:
    """Make them; Airflow's database is to be used by nobody else meanwhile."""
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    for dag_id, text in json.load(sys.stdin):
        cycle = dt.datetime.fromisoformat(text)
        dag = SerializedDagModel.get_dag(dag_id)
        if dag is None:
            raise SystemExit(f"no DAG {dag_id} is serialized")
        dag.create_dagrun(
            run_id=run_id(dag_id, cycle),
            logical_date=cycle - LENGTH,
            data_interval=(cycle - LENGTH, cycle),
            run_after=cycle,
            run_type=DagRunType.SCHEDULED,
            triggered_by=DagRunTriggeredByType.TIMETABLE,
            state=DagRunState.FAILED,
        )


if __name__ == "__main__":
    main()
