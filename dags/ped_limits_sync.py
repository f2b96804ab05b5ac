"""### PED limits: Firestore → `limit_history`, in every cycle

**What can go wrong, and what is safe**

- *The run fails naming Firestore:* permission, quota or an outage. Nothing was written and the watermark did not move:
  mend the cause the message names; the next run catches up by itself. Do not clear old runs, it adds nothing.
- *"another limit sync was committed meanwhile":* two syncs overlapped. This one wrote nothing; nothing to do.
- *A team says its new limit does not count:* look for its document in `limit_rejections`. The reason names the field;
  the previous valid version stays in force until the document is mended.
- *`MassEndError`:* Firestore lists so few documents that many limits would end; nothing was written. Find out first who
  emptied or restored the database: what is put back counts again from the next run on. Only if they are to end, trigger
  once with *Let limits end*.
- *`OtherSourceError`:* the configuration names another project, database or collection than the last sync read. Correct
  it; or trigger once with *Read from another place*.
- *Limits are stale:* the newest `read_time` in `limit_sync_runs` says how old. After 15 minutes the platform is told.
- *"listening failed":* it names what Slack or BigQuery refuses. Limits are read all the same; what is to be told waits.

```
Firestore at one read_time ─▶ what changed ─▶ one transaction ─▶ limit_history, limit_rejections, limit_sync_runs
heartbeats of the DAGs     ─▶ listening, meanwhile ─▶ the platform's channel: silence, a DAG that failed or is back
```

A refused sync is a row of `limit_sync_refusals`; it is not tried again by itself, the next run looks anew.
Backfilled runs are skipped, since limits cannot be read in the past. Running a sync twice writes nothing twice.
"""

import datetime as dt
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, get_current_context, task

from pedwatch import build, cycles, deadlines, settings
from pedwatch.config.needs import FIRESTORE, GOOGLE
from pedwatch.tasks import failure_callback, heartbeats, listening, run_start, whole_build


def sync_limits() -> dict[str, Any]:
    """Read Firestore at one moment and commit what is new; returns what was found, for the log and the UI."""
    context = get_current_context()
    config = run_start.begin(context["dag_run"], context["dag"], GOOGLE, FIRESTORE)
    from pedwatch.tasks.limits_sync import sync_of_run

    return sync_of_run(config, context["dag_run"], context["params"], context["ti"])


def sync_and_listen(dag_run: Any = None, dag: Any = None, run_id: Any = None, ti: Any = None) -> dict[str, Any]:
    """Sync; listen for the other DAGs meanwhile; leave a heartbeat when both was done. One process, not three."""
    with listening.beside(dag_run, run_id, ti):
        summary = sync_limits()
    heartbeats.heartbeat(dag_run, dag, run_id)
    return summary


WIRING = settings.wiring()
BUILD = "source"  # the bundle writes its id here

with DAG(
    dag_id="ped_limits_sync",
    description="Bring the history of PED limits up to date with Firestore",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable(cycles.cron(WIRING.period), timezone="UTC"),
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=deadlines.sync_lasts(WIRING.period),
    tags=["pedwatch", "limits", *build.tags(BUILD), *WIRING.tags],
    default_args={"owner": "platform", "retries": 2, "retry_delay": dt.timedelta(seconds=20), **whole_build.of(BUILD)},
    params={
        "full": Param(
            False,
            type="boolean",
            title="Compare every document",
            description="List all documents now instead of once an hour: finds edits made in the console",
        ),
        "allow_mass_end": Param(
            False,
            type="boolean",
            title="Let limits end",
            description="End all limits whose documents are gone from Firestore, also more than limits_sync allows: "
            "nothing is granted to their APIs from now on, and their open alerts freeze",
        ),
        "accept_source": Param(
            False,
            type="boolean",
            title="Read from another place",
            description="Accept that the configuration names another project, database or collection than the last "
            "sync read; later runs go on from there",
        ),
    },
    **failure_callback.CALLBACKS,
) as dag:
    task(task_id="sync_limits", execution_timeout=deadlines.sync_task_lasts(WIRING.period))(sync_and_listen)()
