"""### Who runs more replicas than granted, every five minutes

**What can go wrong, and the safer path**

- *A cluster is dark*: nothing to do here. Its collector pod succeeds with a failed manifest, its APIs are judged
  `unknown`, and after three cycles the platform channel hears of it.
- *A task failed*: clear that task. Every task may run again; nothing is told or counted twice.
- *You want to look at the past*: run a backfill. It re-compares what was stored, writes evidence to `audits/<label>/`,
  and can neither collect nor alert.

```
airflow backfill create --dag-id ped_replica_watch --from-date … --to-date … --reprocess-behavior completed
```

```
clusters ─▶ collector pods ─▶ load ─▶ limits of the cycle ─▶ compare ─▶ fold ─┬─▶ notify
                                                                              ├─▶ nothing to say    ─▶ heartbeat
                                                                              └─▶ evidence of a past cycle
```

**Cycle**: the end of the data interval. One collector pod lists each cluster (above ten clusters a pod takes several),
one load job brings the hour into BigQuery, one statement judges every subject by the limit that held at that minute,
and what differs from what was last told goes to Slack.

A run triggered by hand alerts only with the parameter `allow_notify`, and only within five minutes of its cycle.
"""

import datetime as dt

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, Param, TaskGroup, TriggerRule, task

from pedwatch import settings
from pedwatch.operators import links
from pedwatch.operators.comparison import ComparisonOperator
from pedwatch.operators.links import with_links
from pedwatch.operators.replica_collector import BATCH_NAME, KUBECONFIG_PATH, ReplicaCollectorOperator, scheduling
from pedwatch.tasks import failed_dags, watch
from pedwatch.tasks import plan as planning

CONFIG = settings.load_config()

with DAG(
    dag_id="ped_replica_watch",
    description="Collect replica state, compare it with the limits, tell Slack what changed",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("*/5 * * * *", timezone="UTC"),
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=planning.RUN_LASTS,
    tags=["pedwatch", "observations", "verdicts", "alerts"],
    default_args={"owner": "platform", "retries": 2, "retry_delay": dt.timedelta(seconds=10)},
    template_searchpath=[str(settings.include_dir() / "sql")],
    user_defined_macros={"dataset": CONFIG.dataset},
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
    **failed_dags.CALLBACKS,
) as dag:
    plan = task(watch.plan_cycle)()

    with TaskGroup("observations", prefix_group_id=False):
        found = task(watch.find_clusters)(plan)
        pods = task(watch.plan_pods)(plan, found, KUBECONFIG_PATH)
        collect = ReplicaCollectorOperator.partial(
            task_id="collect", config=CONFIG, map_index_template=BATCH_NAME, **scheduling(CONFIG.collector)
        ).expand(env_vars=pods)
        load = task(trigger_rule=TriggerRule.ALL_DONE)(watch.load_observations)(plan, found)
        collect >> load

    with TaskGroup("limits", prefix_group_id=False):
        limits = task(watch.await_limits)(plan, load)

    with TaskGroup("verdicts", prefix_group_id=False):
        compare = ComparisonOperator(
            task_id="compare",
            config=CONFIG,
            configuration=watch.comparison_job(plan_task="plan_cycle", limits_task="await_limits"),
            retries=4,  # concurrent backfills: BigQuery aborts one of two writers
        )

    with TaskGroup("alerts", prefix_group_id=False):
        fold = task(watch.fold_episodes)(plan)
        branch = task.branch(watch.what_to_say)(plan, fold)
        notify = task(retries=3)(watch.notify)(plan)
        nothing_to_say = EmptyOperator(task_id="nothing_to_say")

    with TaskGroup("audit", prefix_group_id=False):
        evidence = task(watch.write_evidence)(plan, limits)

    # Mapped over one thing, because only a mapped task can be named by what it found.
    heartbeat = (
        task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS, map_index_template=watch.NAMED_IN_SHORT)(
            watch.heartbeat
        )
        .partial(plan=plan)
        .expand(of=["run"])
    )

    limits >> compare >> fold
    with_links(load, links.WorkloadsLink())
    with_links(fold, links.VerdictsLink())
    with_links(notify, links.SlackMessageLink())
    with_links(evidence, links.EvidenceLink())
    branch >> [notify, evidence, nothing_to_say] >> heartbeat
