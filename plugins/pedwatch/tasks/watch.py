"""The tasks of ``ped_replica_watch``: each takes what the plan says from XCom, opens the clients, calls one function.

Values that travel between tasks are JSON: times as ISO 8601 with offset.
"""

import datetime as dt
import functools
import time
from typing import Any

from pedwatch import settings
from pedwatch.config import Cluster
from pedwatch.task_names import named_by
from pedwatch.tasks import plan as planning
from pedwatch.tasks import run_conf

Plan = dict[str, Any]
IN_SHORT = "in_short"
"""Key under which a run's last task leaves what the run was."""
NAMED_IN_SHORT = named_by(f"ti.xcom_pull(task_ids=ti.task_id, key='{IN_SHORT}', map_indexes=ti.map_index) or ''")
"""Names a mapped task's instance by that."""


def _cycle(plan: Plan) -> dt.datetime:
    return dt.datetime.fromisoformat(plan["cycle"])


def plan_cycle(dag_run: Any = None, params: Any = None, dag: Any = None) -> Plan:
    """Decide the cycle and what this run may do; with tables of a later build it ends here, before pods are started."""
    from pedwatch.hooks.clients import warehouse

    run_conf.refuse_unknown(dag_run, dag)
    warehouse(settings.load_config())
    # An enum whose str() is not its value: a backfill taken for something else would not be denied.
    run_type = getattr(dag_run.run_type, "value", dag_run.run_type)
    return planning.plan_run(dag_run.data_interval_end, dag_run.run_after, settings.now(), run_type, params)


def find_clusters(plan: Plan) -> dict[str, Any]:
    """Find the clusters that are expected; none when the past is re-compared."""
    if not plan["may_collect"]:
        return {"clusters": [], "runs": []}
    from pedwatch.hooks import clients
    from pedwatch.hooks.gke import GkeClusters
    from pedwatch.tasks import discover

    config = settings.load_config()

    @functools.cache
    def gke() -> GkeClusters:
        return GkeClusters(config)

    return discover.find_clusters(
        config,
        clients.storage_client(config),
        lambda: clients.warehouse(config),
        lambda project: gke().list_project(project),
        _cycle(plan),
        settings.now,
    )


def plan_pods(plan: Plan, found: dict[str, Any], kubeconfig_path: str) -> list[dict[str, str]]:
    """Return the environment of each collector pod; none when the past is re-compared."""
    if not plan["may_collect"]:
        return []
    clusters = [Cluster.model_validate(cluster) for cluster in found["clusters"]]
    started_at = dt.datetime.fromisoformat(plan["started_at"])
    return planning.collector_environment(settings.load_config(), clusters, _cycle(plan), started_at, kubeconfig_path)


def await_limits(plan: Plan, loaded: dict[str, Any]) -> dict[str, Any]:
    """Find how fresh the limits are; a live run waits a little for its own cycle's sync.

    After the load, which has asked already: by then the sync that began with this run has mostly committed.
    """
    from pedwatch.hooks.clients import warehouse

    told = loaded.get("limits_known_at")
    known_at = dt.datetime.fromisoformat(told) if told else None
    patience = planning.patience(plan, settings.now())
    return planning.await_limits(warehouse(settings.load_config()), _cycle(plan), known_at, patience)


def load_observations(plan: Plan, found: dict[str, Any]) -> dict[str, Any]:
    """Load what was collected; a re-compared cycle has its observations already."""
    from pedwatch.hooks.clients import storage_client, warehouse
    from pedwatch.tasks.observe import record_observations

    if not plan["may_collect"]:
        return {"rows": 0, "seen": [], "blind": []}
    config = settings.load_config()
    return record_observations(warehouse(config), storage_client(config), config, _cycle(plan), found, settings.now())


def comparison_job(plan_task: str, limits_task: str) -> dict[str, Any]:
    """Return the BigQuery job that judges a cycle; its parameters are read from XCom when it runs."""
    plan, limits = f"ti.xcom_pull(task_ids='{plan_task}')", f"ti.xcom_pull(task_ids='{limits_task}')"
    parameters = {
        "cycle": ("TIMESTAMP", f"{{{{ {plan}['cycle'] }}}}"),
        "known_at": ("TIMESTAMP", f"{{{{ {limits}['known_at'] }}}}"),
        "is_limits_stale": ("BOOL", f"{{{{ {limits}['is_stale'] | lower }}}}"),
        "origin": ("STRING", f"{{{{ {plan}['origin'] }}}}"),
        "computed_at": ("TIMESTAMP", f"{{{{ {plan}['started_at'] }}}}"),
        "run_id": ("STRING", "{{ run_id }}"),
    }
    return {
        "query": {
            "query": "{% include 'verdicts/compare.sql' %}",
            "useLegacySql": False,
            "parameterMode": "NAMED",
            "queryParameters": [
                {"name": name, "parameterType": {"type": kind}, "parameterValue": {"value": value}}
                for name, (kind, value) in parameters.items()
            ],
        },
        "labels": {"pedwatch": "verdicts-compare"},
    }


def fold_episodes(plan: Plan, run_id: Any = None) -> dict[str, int]:
    """Fold the ledger into episodes and fill the outbox; a re-compared cycle leaves live state alone."""
    from pedwatch.hooks.clients import warehouse
    from pedwatch.hooks.slack_channel import SlackChannel
    from pedwatch.hooks.slack_reactions import SlackReactions
    from pedwatch.tasks.fold import fold_alerts
    from pedwatch.tasks.run_links import run_url

    if plan["origin"] != "live":
        return {"episodes": 0, "notifications": 0, "deliverable": 0, "firing": 0, "fired": 0}
    config = settings.load_config()
    url = run_url("ped_replica_watch", run_id)
    reactions = SlackReactions(lambda: SlackChannel(config.connections.slack), time.monotonic)
    now, may_notify = settings.now(), plan["may_notify"]
    return fold_alerts(warehouse(config), config, _cycle(plan), now, run_id, may_notify, url, reactions)


def what_to_say(plan: Plan, folded: dict[str, int]) -> str:
    """Branch: evidence for a re-compared cycle, Slack when something waits to be told, else nothing."""
    if plan["origin"] != "live":
        return "write_evidence"
    return "notify" if folded["deliverable"] else "nothing_to_say"


def notify(plan: Plan, run_id: Any = None) -> dict[str, Any]:
    """Deliver the outbox while the run has time; besides the counts, ``message`` is where the newest in Slack is."""
    from pedwatch.hooks.clients import warehouse
    from pedwatch.hooks.transports import Transports
    from pedwatch.tasks.send import send_notifications

    if not plan["may_notify"]:
        return {}
    config = settings.load_config()
    now = settings.now()
    seconds = planning.seconds_to_send(plan, now)
    told = send_notifications(warehouse(config), Transports(config), config.slack, now, run_id, seconds=seconds)
    return {**told.counts, "message": told.message}


def write_evidence(plan: Plan, limits: dict[str, Any], run_id: Any = None) -> str:
    """Write the evidence of a re-compared cycle to the audits folder."""
    from pedwatch.hooks.clients import storage_client, warehouse
    from pedwatch.tasks import evidence

    config = settings.load_config()
    known_at = dt.datetime.fromisoformat(limits["known_at"])
    return evidence.write_evidence(
        warehouse(config), storage_client(config), config, _cycle(plan), known_at, plan["label"], settings.now(), run_id
    )


def heartbeat(plan: Plan, of: str = "run", run_id: Any = None, dag: Any = None, ti: Any = None) -> None:
    """Write, last of all, that the run finished; what it was in short is the name of this task's instance."""
    from pedwatch.hooks.clients import warehouse
    from pedwatch.tasks import heartbeats, run_summary

    # A backfill reprocesses a live run under the same id: what that one has sent is still in its XCom.
    sent = (ti.xcom_pull(task_ids="notify") or {}) if plan["may_notify"] else {}
    loaded = ti.xcom_pull(task_ids="load_observations") or {}
    folded = ti.xcom_pull(task_ids="fold_episodes") or {}
    ti.xcom_push(key=IN_SHORT, value=run_summary.in_short(plan, loaded, folded, sent.get("sent", 0)))
    heartbeats.record(
        warehouse(settings.load_config()),
        dag_id=dag.dag_id,
        run_id=run_id,
        run_type=plan["run_type"],
        origin=plan["origin"],
        cycle=_cycle(plan),
        sent=sent.get("sent", 0),
    )
