"""The last task of a DAG: a heartbeat, in the log and as a row, says that the run did what its DAG is for."""

import datetime as dt
import logging
from typing import Any, Literal

from pedwatch import settings
from pedwatch.cycles import cycle_of_run
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.run_gates import BACKFILL, run_type_of

log = logging.getLogger(__name__)


def record(
    warehouse: Warehouse,
    *,
    dag_id: str,
    run_id: str,
    run_type: str,
    origin: Literal["live", "backfill"],
    cycle: dt.datetime,
    sent: int | None = None,
) -> None:
    """Write the row, then the line ``pedwatch_heartbeat``; run again they say the same, later.

    Only live runs write the line: who waits for it to stay away must not be calmed by a backfill.

    Raises:
        LedgerError: BigQuery refused; there is no line either.
    """
    from pedwatch.hooks.parameters import Typed

    finished_at = settings.now()
    warehouse.write(
        "heartbeats/record_heartbeat.sql",
        {
            "dag_id": dag_id,
            "run_id": run_id,
            "run_type": run_type,
            "origin": origin,
            "cycle": cycle,
            "finished_at": finished_at,
            "notifications_sent": Typed("INT64", sent),
        },
    )
    lag = int((finished_at - cycle).total_seconds())
    if origin == "live":
        log.info("pedwatch_heartbeat dag_id=%s cycle=%s lag_seconds=%s", dag_id, cycle.isoformat(), lag)
    else:
        log.info("%s of %s is done; it was no live run", dag_id, cycle.isoformat())


def heartbeat(dag_run: Any = None, dag: Any = None, run_id: Any = None) -> None:
    """Write the heartbeat of a run, as the last task of every DAG but the watch, which knows more."""
    from pedwatch.hooks.clients import warehouse

    config = settings.load_config()
    run_type = run_type_of(dag_run)
    record(
        warehouse(config),
        dag_id=dag.dag_id,
        run_id=run_id,
        run_type=run_type,
        origin="backfill" if run_type == BACKFILL else "live",
        cycle=cycle_of_run(dag_run.data_interval_end, dag_run.run_after, config.period),
    )
