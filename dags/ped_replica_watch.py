"""### Who runs more replicas than granted, in every cycle

**What can go wrong, and the safer path**

- *A cluster is dark*: nothing to do here. Its collector pod succeeds with a failed manifest, its APIs are judged
  `unknown`, and after three cycles the platform channel hears of it.
- *A task failed*: clear that task. Every task may run again; nothing is told or counted twice.
- *You want to look at the past*: run a backfill. It re-compares what was stored, writes evidence to `audits/<label>/`,
  and can neither collect nor alert.

```
airflow backfill create --dag-id ped_replica_watch --reprocess-behavior completed \
    --from-date 2026-03-02T10:00 --to-date 2026-03-02T10:55
```

re-compares the cycles from 10:05 to 11:00: From and To are logical dates in UTC, both included, and a cycle is the end
of the interval that its logical date begins. In the UI: *Trigger*, then *Backfill*. *Missing Runs*, *Missing and
Errored Runs* and *All Runs* there are `none`, `failed` and `completed` of `--reprocess-behavior`.

```
plan ─▶ collector pods ─▶ load, limits of the cycle ─▶ compare ─▶ fold ─┬─▶ notify
                                                                        ├─▶ nothing to say    ─▶ heartbeat
                                                                        └─▶ evidence of a past cycle
```

**Cycle**: the end of the data interval. One collector pod lists each cluster (above ten clusters a pod takes several),
one load job brings what they wrote into BigQuery, one statement judges every subject by the limit that held at that
minute, and what differs from what was last told goes to Slack.

A run triggered by hand alerts only with the parameter `allow_notify`, and only before the next cycle.
"""

import datetime as dt
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, Param, TaskGroup, TriggerRule, task

from pedwatch import build, deadlines, settings
from pedwatch.cycles import cron
from pedwatch.observations.batches import KUBECONFIG_PATH
from pedwatch.operators import extra_links
from pedwatch.operators.extra_links import with_links
from pedwatch.operators.replica_collector import BATCH_NAME, ReplicaCollectorOperator, scheduling
from pedwatch.tasks import failure_callback, replica_watch, whole_build

WIRING = settings.wiring()

BUILD = "source"  # the bundle writes its id here

with DAG(
    dag_id="ped_replica_watch",
    description="Collect replica state, compare it with the limits, tell Slack what changed",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable(cron(WIRING.period), timezone="UTC"),
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=deadlines.run_lasts(WIRING.period),
    tags=["pedwatch", "observations", "verdicts", "alerts", *build.tags(BUILD), *WIRING.tags],
    default_args={"owner": "platform", "retries": 2, "retry_delay": dt.timedelta(seconds=10), **whole_build.of(BUILD)},
    params={
        "allow_notify": Param(False, type="boolean", title="May alert", description="Let this manual run write alerts"),
        "label": Param(
            "backfill",
            type="string",
            pattern="^[a-z0-9][a-z0-9._-]{0,62}$",
            title="Audit label",
            description="Folder under audits/ that a backfilled cycle writes its evidence to",
        ),
    },
    **failure_callback.CALLBACKS,
) as dag:
    pods: Any = task(replica_watch.plan_cycle)(KUBECONFIG_PATH)
    plan = pods[replica_watch.PLAN]

    with TaskGroup("observations", prefix_group_id=False):
        collect = ReplicaCollectorOperator.partial(
            task_id="collect", map_index_template=BATCH_NAME, **scheduling(WIRING)
        ).expand(env_vars=pods)
        # Some may fail, and what the others collected is loaded; without a plan there is nothing to load.
        collected = EmptyOperator(task_id="collected", trigger_rule=TriggerRule.ALL_DONE)
        load = task(retries=deadlines.load_retries(WIRING.period))(replica_watch.load_observations)(
            plan, pods[replica_watch.FOUND]
        )
        collect >> collected >> load

    with TaskGroup("verdicts", prefix_group_id=False):
        compare = task(replica_watch.compare)(plan, load)

    with TaskGroup("alerts", prefix_group_id=False):
        fold = task.branch(replica_watch.fold_episodes)(plan)
        notify = task(retries=3)(replica_watch.notify)(plan)
        nothing_to_say = EmptyOperator(task_id="nothing_to_say")

    with TaskGroup("audit", prefix_group_id=False):
        evidence = task(replica_watch.write_evidence)(plan, load)

    # Mapped over one thing, because only a mapped task can be named by what it found.
    heartbeat = (
        task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, map_index_template=replica_watch.NAMED_IN_SHORT)(
            replica_watch.heartbeat
        )
        .partial(plan=plan)
        .expand(of=["run"])
    )

    with_links(load, extra_links.WorkloadsLink())
    with_links(fold, extra_links.VerdictsLink())
    with_links(notify, extra_links.SlackMessageLink())
    with_links(evidence, extra_links.EvidenceLink())
    compare >> fold >> [notify, evidence, nothing_to_say] >> heartbeat
