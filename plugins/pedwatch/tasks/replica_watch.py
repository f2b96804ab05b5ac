"""The tasks of ``ped_replica_watch``: each takes what the plan says from XCom, opens the clients, calls one function.

Values that travel between tasks are JSON: times as ISO 8601 with offset.
"""

import datetime as dt
import functools
import logging
import time
from typing import TYPE_CHECKING, Any

from pedwatch import settings
from pedwatch.config import Cluster, Config
from pedwatch.config.needs import GOOGLE, KUBERNETES
from pedwatch.run_gates import run_type_of
from pedwatch.task_names import named_by
from pedwatch.tasks import plan as planning
from pedwatch.tasks import run_start, run_summary

if TYPE_CHECKING:
    from pedwatch.hooks.warehouse import Warehouse
    from pedwatch.observations.intake.gke import GkeClusters

log = logging.getLogger(__name__)

Plan = dict[str, Any]
WATCH = "ped_replica_watch"
PLAN, FOUND, FOLDED = "plan", "found", "folded"
"""Keys under which the first task leaves what it decided and found, and the fold its counts."""
NOTHING_FOUND: dict[str, Any] = {"clusters": [], "runs": []}
NOTHING_FOLDED = dict.fromkeys(("episodes", "notifications", "deliverable", "firing", "fired"), 0)
IN_SHORT = "in_short"
"""Key under which a run's last task leaves what the run was."""
NAMED_IN_SHORT = named_by(f"ti.xcom_pull(task_ids=ti.task_id, key='{IN_SHORT}', map_indexes=ti.map_index) or ''")
"""Names a mapped task's instance by that."""


def _cycle(plan: Plan) -> dt.datetime:
    return dt.datetime.fromisoformat(plan["cycle"])


def _end(plan: Plan, found: str) -> None:
    """Say in a task's last line what it found."""
    log.info("cycle %s UTC: %s", plan["cycle"][:16].replace("T", " "), found)


def plan_cycle(
    kubeconfig_path: str, dag_run: Any = None, params: Any = None, dag: Any = None, ti: Any = None
) -> list[dict[str, str]]:
    """Decide the cycle, what this run may do, and which clusters are expected; with newer tables it ends here.

    Returns:
        The environment of each collector pod; none when the past is re-compared. Under ``PLAN`` it leaves what it
        decided, under ``FOUND`` what it found.
    """
    from pedwatch.hooks.clients import warehouse

    config = run_start.begin(dag_run, dag, GOOGLE, KUBERNETES)
    run_start.tell_of_waiting_pods(config, WATCH, ti)
    target = warehouse(config)
    # An enum whose str() is not its value: a backfill taken for something else would not be denied.
    run_type = run_type_of(dag_run)
    plan = planning.plan_run(
        dag_run.data_interval_end, dag_run.run_after, settings.now(), run_type, params, config.period
    )
    found = _find_clusters(config, target, _cycle(plan)) if plan["may_collect"] else NOTHING_FOUND
    ti.xcom_push(key=PLAN, value=plan)
    ti.xcom_push(key=FOUND, value=found)
    clusters = [Cluster.model_validate(cluster) for cluster in found["clusters"]]
    started_at = dt.datetime.fromisoformat(plan["started_at"])
    return planning.collector_environment(config, clusters, _cycle(plan), started_at, kubeconfig_path)


def _find_clusters(config: Config, target: "Warehouse", cycle: dt.datetime) -> dict[str, Any]:
    """Find the clusters that are expected; GKE's client is made only where there is something to discover."""
    from pedwatch.hooks import clients
    from pedwatch.observations.intake import found_clusters

    @functools.cache
    def gke() -> "GkeClusters":
        from pedwatch.observations.intake.gke import GkeClusters

        return GkeClusters(config)

    storage = clients.storage_client(config)
    return found_clusters.find_clusters(
        config, storage, lambda: target, lambda project: gke().list_project(project), cycle, settings.now
    )


def load_observations(plan: Plan, found: dict[str, Any]) -> dict[str, Any]:
    """Load what was collected; a re-compared cycle has its observations already. Then find how fresh the limits are.

    A live run waits a little for its own cycle's sync, which has mostly committed by then.

    Returns:
        ``rows``, ``seen`` and ``blind`` of the cycle, and ``limits``: by which it is to be judged.
    """
    from pedwatch.hooks.clients import storage_client, warehouse
    from pedwatch.observations.intake.cycle_load import record_observations

    config = settings.load_config()
    target = warehouse(config)
    loaded: dict[str, Any] = {"rows": 0, "seen": [], "blind": []}
    known_at = None
    if plan["may_collect"]:
        loaded = record_observations(target, storage_client(config), config, _cycle(plan), found, settings.now())
        known_at = loaded.pop("limits_known_at")
    patience = planning.patience(plan, settings.now(), config.period)
    loaded |= {"limits": planning.await_limits(target, _cycle(plan), known_at, patience)}
    _end(plan, run_summary.loaded_in_short(loaded))
    return loaded


def compare(plan: Plan, loaded: dict[str, Any], run_id: Any = None) -> None:
    """Judge the cycle: one script, of which a second run writes nothing, or a new revision.

    Raises:
        NewerSchemaError: the tables are of a later build; nothing was judged.
        LedgerError: BigQuery refused; the message names the table and what mends it, where that is known.
    """
    from pedwatch.hooks.clients import warehouse

    limits = loaded["limits"]
    warehouse(settings.load_config()).write(
        "verdicts/compare.sql",
        {
            "cycle": _cycle(plan),
            "known_at": dt.datetime.fromisoformat(limits["known_at"]),
            "is_limits_stale": limits["is_stale"],
            "origin": plan["origin"],
            "computed_at": dt.datetime.fromisoformat(plan["started_at"]),
            "run_id": run_id,
        },
    )
    _end(plan, f"judged by the limits as known at {limits['known_at'][:16]}; fold_episodes says what is over")


def fold_episodes(plan: Plan, run_id: Any = None, ti: Any = None) -> str:
    """Fold the ledger into episodes and fill the outbox; a re-compared cycle leaves live state alone.

    Returns:
        The task that follows (`next_task`). Under ``FOLDED`` it leaves the counts.
    """
    folded = _fold(plan, run_id) if plan["origin"] == "live" else NOTHING_FOLDED
    ti.xcom_push(key=FOLDED, value=folded)
    _end(plan, run_summary.folded_in_short(folded) if plan["origin"] == "live" else "live state is left alone")
    return next_task(plan, folded)


def _fold(plan: Plan, run_id: Any) -> dict[str, int]:
    from pedwatch.alerts.channels.slack import SlackChannel
    from pedwatch.alerts.channels.slack_reactions import SlackReactions
    from pedwatch.alerts.live.live_fold import fold_alerts
    from pedwatch.hooks.clients import warehouse
    from pedwatch.hooks.run_urls import pages_url, run_url

    config = settings.load_config()
    url = run_url(WATCH, run_id)
    reactions = SlackReactions(lambda: SlackChannel(config.connections.slack), time.monotonic)
    now, may_notify = settings.now(), plan["may_notify"]
    return fold_alerts(warehouse(config), config, _cycle(plan), now, run_id, may_notify, url, reactions, pages_url())


def next_task(plan: Plan, folded: dict[str, int]) -> str:
    """Branch: evidence for a re-compared cycle, Slack when something waits to be told, else nothing."""
    if plan["origin"] != "live":
        return "write_evidence"
    return "notify" if folded["deliverable"] else "nothing_to_say"


def notify(plan: Plan, run_id: Any = None) -> dict[str, Any]:
    """Deliver the outbox while the run has time; besides the counts, ``message`` is where the newest in Slack is."""
    from pedwatch.alerts.channels.dispatch import Transports
    from pedwatch.alerts.delivery.leasing import send_notifications
    from pedwatch.hooks.clients import warehouse

    if not plan["may_notify"]:
        return {}
    config = settings.load_config()
    now = settings.now()
    seconds = planning.seconds_to_send(plan, now, config.period)
    told = send_notifications(warehouse(config), Transports(config), config.slack, now, run_id, seconds=seconds)
    _end(plan, run_summary.sent_in_short(told.counts))
    return {**told.counts, "message": told.message}


def write_evidence(plan: Plan, loaded: dict[str, Any]) -> str:
    """Write the evidence of a re-compared cycle to the audits folder."""
    from pedwatch.audit.bucket import cycle_pack
    from pedwatch.hooks.clients import storage_client, warehouse

    config = settings.load_config()
    known_at = dt.datetime.fromisoformat(loaded["limits"]["known_at"])
    return cycle_pack.write_evidence(
        warehouse(config), storage_client(config), config, _cycle(plan), known_at, plan["label"]
    )


def heartbeat(plan: Plan, of: str = "run", run_id: Any = None, dag: Any = None, ti: Any = None) -> None:
    """Write, last of all, that the run finished; what it was in short is the name of this task's instance."""
    from pedwatch.hooks.clients import warehouse
    from pedwatch.tasks import heartbeats

    # A backfill reprocesses a live run under the same id: what that one has sent is still in its XCom.
    sent = (ti.xcom_pull(task_ids="notify") or {}) if plan["may_notify"] else {}
    loaded = ti.xcom_pull(task_ids="load_observations") or {}
    folded = ti.xcom_pull(task_ids="fold_episodes", key=FOLDED) or {}
    in_short = run_summary.in_short(plan, loaded, folded, sent.get("sent", 0))
    ti.xcom_push(key=IN_SHORT, value=in_short)
    heartbeats.record(
        warehouse(settings.load_config()),
        dag_id=dag.dag_id,
        run_id=run_id,
        run_type=plan["run_type"],
        origin=plan["origin"],
        cycle=_cycle(plan),
        sent=sent.get("sent", 0),
    )
    _end(plan, in_short)
