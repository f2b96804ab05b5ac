"""### The morning's digest: who is over, near, without a limit, and proof that everybody was told

**What can go wrong, and the safer path**

- *A morning's digest is missing*: the run failed, or started more than six hours late and kept silent. Clear it the
  same morning; for what holds now, ask the view `current_status`.
- *Told is less than firing*: a message is on its way (`unsent`), could not be delivered, or its team is in shadow mode.
  The runbook "no message arrived" follows it.
- *You want to see one without telling anybody*: trigger it by hand; the digest is in the log of `compose_digest`.
  Only with `allow_notify` is it sent. A backfill never sends. Of what came late it lists only what no digest has told.

On weekdays at `slack.digest_hour` in `report_timezone`: each team's own in its channel, all of them in the platform's.
"""

import datetime as dt

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, task

from pedwatch import build, settings
from pedwatch.tasks import digest, failure_callback, heartbeats, whole_build

WIRING = settings.wiring()

BUILD = "source"  # the bundle writes its id here

with DAG(
    dag_id="ped_digest",
    description="Tell each team in the morning what is over, near, without a limit or about to change",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable(f"0 {WIRING.digest_hour} * * 1-5", timezone=WIRING.report_timezone),
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=dt.timedelta(minutes=30),
    tags=["pedwatch", "alerts", *build.tags(BUILD), *WIRING.tags],
    default_args={"owner": "platform", "retries": 2, "retry_delay": dt.timedelta(seconds=30), **whole_build.of(BUILD)},
    params={
        "allow_notify": Param(
            False, type="boolean", title="May tell", description="Let this manual run send its digest"
        )
    },
    **failure_callback.CALLBACKS,
) as dag:
    sent = task(digest.send_digest)(task(digest.compose_digest)())
    sent >> task(heartbeats.heartbeat)()
