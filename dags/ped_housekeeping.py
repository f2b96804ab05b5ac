"""### Tables, views and invariants

**What can go wrong, and the safer path**

- *Run this once before anything else*, and after an update: it creates the dataset, the tables and the views, and
  applies the migrations that are new. They only ever add; running it again changes nothing.
- *It was stopped halfway*: clear it. A migration that was not finished is run again from its beginning.
- *`ForeignDatasetError`*: another environment owns the dataset; never two on one. When it is gone for good, trigger
  once with *Take over*.
- *`NewerSchemaError`*: the tables are of a later build than the one that runs; the message says both ways out.
- *A check failed*: the task's log lists the offending rows. Nothing was changed; start from the runbook of that check.

```
dataset ─▶ tables ─▶ migrations ─▶ views ─▶ invariants: queries that return offending rows
                                      └──▶ days that no chart shows any more are taken out
```
"""

import datetime as dt

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, task

from pedwatch import build, settings
from pedwatch.tasks import failure_callback, heartbeats, housekeeping, whole_build

WIRING = settings.wiring()
BUILD = "source"  # the bundle writes its id here

with DAG(
    dag_id="ped_housekeeping",
    description="Apply the DDL and check the invariants",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("17 3 * * *", timezone="UTC"),
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=dt.timedelta(minutes=30),
    tags=["pedwatch", "housekeeping", *build.tags(BUILD), *WIRING.tags],
    default_args={"owner": "platform", "retries": 2, "retry_delay": dt.timedelta(seconds=30), **whole_build.of(BUILD)},
    params={
        "checks_only": Param(
            False, type="boolean", title="Only check", description="Leave the tables alone, run the invariant checks"
        ),
        "take_over": Param(
            False,
            type="boolean",
            title="Take over",
            description="Make this environment the owner of a dataset that is another one's, which must be gone",
        ),
    },
    **failure_callback.CALLBACKS,
) as dag:
    checked = task(**whole_build.ONLY_UNTIL_WHOLE)(housekeeping.check_invariants)()
    forgotten = task(housekeeping.forget_stretches)()
    task(housekeeping.apply_ddl)() >> [forgotten, checked] >> task(heartbeats.heartbeat)()
