"""### What was true: an evidence pack for every past day

**What can go wrong, and the safer path**

- *A field of the form is wrong* (an end before the start, a day that is not over, an API nobody knows, a period without
  data): the task says which one and what to write instead. Nothing was written.
- *`write_pack` is skipped*: by schedule or in a backfill a day before the first collection has no pack.
- *A task failed for another reason*: clear it. The same day audited again gives the same bytes and adds nothing; with
  another result it is the next revision beside the old one. What has no `manifest.json` is no pack yet.
- *`link_pack` says that something is not what was recorded*: somebody changed evidence; nothing is linked to it.
- *You want many days*: run a backfill, in parallel if you like. It reads stored observations, adds to
  `audits/<label>/` and `audit_reports` only, and can neither collect nor alert.
- *The numbers differ from what Slack said*: that is what it is for. The report lists each difference with its cause.

```
airflow backfill create --dag-id ped_replica_audit --reprocess-behavior completed \
    --from-date 2026-03-01T12:00 --to-date 2026-03-04T12:00
```

gives the packs of 2, 3 and 4 March. From and To are logical dates in UTC, both included. A day's logical date is the
midnight that it begins with in `report_timezone`; from noon before the first to noon of the last is right in all zones.
In the UI: *Trigger*, then *Backfill*. *Missing Runs*, *Missing and Errored Runs* and *All Runs* there are `none`,
`failed` and `completed` of `--reprocess-behavior`.

```
observations ─┬─ limits as known then ─▶ verdicts ─▶ episodes ─┐
              └─ limits as known now ──▶ verdicts ─▶ episodes ─┼─▶ report.html, CSV, manifest.json ─▶ chain
live ledger ───────────────────────────▶ differences, causes ──┘   gs://…/audits/<label>/<day>/<revision>/
```

The day is the run's data interval in `report_timezone`; a run by hand audits yesterday, or the days in its form. Check
a pack, or all of a label, with `python -m pedwatch audit verify`; docs/audit.md says how to read one.
"""

import datetime as dt

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, TaskGroup, task

from pedwatch import build, settings
from pedwatch.audit.request import KNOWN_AT, LABEL, TITLES
from pedwatch.operators.extra_links import AuditReportLink, with_links
from pedwatch.tasks import failure_callback, heartbeats, replica_audit, replica_watch, whole_build

WIRING = settings.wiring()
NAMES = {"type": ["null", "array"], "items": {"type": "string"}}

BUILD = "source"  # the bundle writes its id here

with DAG(
    dag_id="ped_replica_audit",
    description="Recompute a past day, as known then and as known now, and write its evidence pack",
    doc_md=__doc__,
    # The interval is the audited day, midnight to midnight.
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone=WIRING.report_timezone),
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=dt.timedelta(hours=3),
    tags=["pedwatch", "audit", *build.tags(BUILD), *WIRING.tags],
    default_args={"owner": "platform", "retries": 2, "retry_delay": dt.timedelta(seconds=30), **whole_build.of(BUILD)},
    params={
        "from_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title=TITLES["from_date"],
            description="Audit this day, or with a last day all of them in one pack; empty for the run's own day",
        ),
        "to_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title=TITLES["to_date"],
            description="Included; empty for one day",
        ),
        "known_at": Param(
            "then",
            type="string",
            pattern=KNOWN_AT,
            examples=["then", "now"],
            title=TITLES["known_at"],
            description="What is counted: as known then (what live runs knew), now, or at a time with offset",
        ),
        "teams": Param(None, **NAMES, title=TITLES["teams"], description="team_ids, one a line; empty for all"),
        "apis": Param(None, **NAMES, title=TITLES["apis"], description="api_ids, one a line; empty for all"),
        "label": Param(
            "daily",
            type="string",
            pattern=LABEL,
            title=TITLES["label"],
            description="Folder under audits/; use one of your own for a question of your own",
        ),
    },
    **failure_callback.CALLBACKS,
) as dag:
    request = task(replica_audit.plan_audit)()

    with TaskGroup("evidence", prefix_group_id=False):
        settled = task.sensor(
            task_id="observations_settled", mode="reschedule", poke_interval=300, timeout=7200, soft_fail=False
        )(replica_audit.is_settled)(request)
        pack = task(task_id="write_pack")(replica_audit.write_pack_of_run)(request)
        # One at a time, whichever run (docs/decisions/0080); mapped over one thing to be named by what it says (0024).
        link = (
            task(task_id="link_pack", max_active_tis_per_dag=1, map_index_template=replica_watch.NAMED_IN_SHORT)(
                replica_audit.link_pack_of_run
            )
            .partial(request=request, written=pack)
            .expand(of=["run"])
        )

    settled >> pack >> link >> task(heartbeats.heartbeat)()
    with_links(pack, AuditReportLink())
