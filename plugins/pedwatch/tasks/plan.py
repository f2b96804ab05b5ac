"""The task that plans a run: which cycle, what it may do, which pods it starts (docs/design.md#cycles, #d9)."""

import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pedwatch import deadlines
from pedwatch.config import Cluster, Config
from pedwatch.cycles import compact, cycle_of_run
from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.batches import BATCH, CLOSES_AT, batch_clusters, collector_target
from pedwatch.run_gates import CLOCK_BEHIND, SCHEDULED, gates

log = logging.getLogger(__name__)

FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS = 1.0, 10.0
"""A sync that began with the run is mostly a second from its end; for one that is late, fewer statements are enough."""


def collector_environment(
    config: Config, clusters: Sequence[Cluster], cycle: dt.datetime, started_at: dt.datetime, kubeconfig_path: str
) -> list[dict[str, str]]:
    """Return the environment of each collector pod of a cycle."""
    open_for = deadlines.collection(config.period)
    closes_at = started_at + open_for
    budget_seconds = min(config.collector.budget_seconds, int(open_for.total_seconds()))
    identity = {}
    if config.collector.impersonate:
        identity = {
            "REPLICA_COLLECTOR_IMPERSONATE": config.collector.impersonate,
            "REPLICA_COLLECTOR_IAM_ENDPOINT": config.collector.iam_endpoint,
        }
    pods = []
    for batch in batch_clusters(clusters, config.collector.max_pods):
        names = [cluster.name for cluster in batch]
        targets = [collector_target(cluster, kubeconfig_path) for cluster in batch]
        pods.append(
            config.collector.environment
            | identity
            | {
                BATCH: names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}",
                CLOSES_AT: closes_at.isoformat(),
                "REPLICA_COLLECTOR_CYCLE": cycle.isoformat().replace("+00:00", "Z"),
                "REPLICA_COLLECTOR_CLUSTERS_JSON": json.dumps(targets, sort_keys=True),
                "REPLICA_COLLECTOR_OUTPUT": f"gs://{config.bucket}",
                "REPLICA_COLLECTOR_KINDS": ",".join(config.collector.kinds),
                "REPLICA_COLLECTOR_PAGE_SIZE": str(config.collector.page_size),
                "REPLICA_COLLECTOR_BUDGET_SECONDS": str(budget_seconds),
                "REPLICA_COLLECTOR_LABEL_API_ID": config.label_keys.api_id,
                "REPLICA_COLLECTOR_LABEL_TEAM_ID": config.label_keys.team_id,
                "REPLICA_COLLECTOR_LABEL_ALSO": ",".join(sorted(config.label_keys.also)),
                "TMPDIR": "/scratch",
            }
        )
    return pods


def plan_run(
    data_interval_end: dt.datetime | None,
    run_after: dt.datetime,
    now: dt.datetime,
    run_type: str,
    params: Mapping[str, Any],
    period: dt.timedelta,
) -> dict[str, Any]:
    """Decide the cycle of a run and what it may do; JSON values, because the other tasks read it from XCom.

    Raises:
        LedgerError: a scheduled run begins before its cycle, by a clock that is more than a minute behind.
    """
    cycle = cycle_of_run(data_interval_end, run_after, period)
    if run_type == SCHEDULED and now < cycle - CLOCK_BEHIND:
        behind = (cycle - now).total_seconds()
        raise LedgerError(
            f"by this worker's clock it is {now.isoformat()}, {behind:.0f} s before cycle {compact(cycle)}, which "
            "Airflow has scheduled already: set the worker's clock right (NTP), then clear this run."
        )
    allowed = gates(cycle, now, run_type, bool(params.get("allow_notify")), period)
    log.info("cycle %s, %s: %s", compact(cycle), allowed.origin, allowed.reason)
    return {
        "cycle": cycle.isoformat(),
        "origin": allowed.origin,
        "may_collect": allowed.may_collect,
        "may_notify": allowed.may_notify,
        "reason": allowed.reason,
        "run_type": run_type,
        "started_at": now.isoformat(),
        "label": params.get("label") or "watch",
    }


def seconds_to_send(run: Mapping[str, Any], now: dt.datetime, period: dt.timedelta) -> float:
    """Return how long a run may send, so that it ends well; what is left is the next one's.

    Of a run whose plan does not say when it began, it is taken that it begins now.
    """
    started_at = dt.datetime.fromisoformat(run["started_at"]) if "started_at" in run else now
    left = started_at + deadlines.run_lasts(period) - deadlines.kept_back(period) - now
    return max(left, deadlines.sends_at_least(period)).total_seconds()


def patience(run: Mapping[str, Any], now: dt.datetime, period: dt.timedelta) -> float:
    """Return how many seconds a run may still wait for limits; only a live one waits."""
    waited = (now - dt.datetime.fromisoformat(run["started_at"])).total_seconds()
    return max(0.0, deadlines.patience(period).total_seconds() - waited) if run["origin"] == "live" else 0.0


def await_limits(
    warehouse: Warehouse,
    cycle: dt.datetime,
    known_at: dt.datetime | None,
    patience_seconds: float,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Find how fresh the limits are; while they are older than the cycle, wait for a sync (docs/design.md#d11).

    Args:
        warehouse: asked only while what is known is older than the cycle.
        cycle: to be judged.
        known_at: newest read_time that was committed when the observations were loaded; None where nothing was loaded.
        patience_seconds: how long to wait at most; with 0 they are asked for once more.
        pause: sleeps; injected in tests.

    Returns:
        ``known_at``: newest committed read_time, ISO; ``is_stale``: it is older than the cycle.

    Raises:
        LedgerError: there was no sync in the last 90 days, so nothing can be judged.
    """
    waited, poll = 0.0, FIRST_POLL_SECONDS
    while known_at is None or known_at < cycle:
        known_at = warehouse.run("limits/known_at.sql", {"cycle": cycle})[0]["known_at"]
        if waited >= patience_seconds or (known_at is not None and known_at >= cycle):
            break
        pause(seconds := min(poll, patience_seconds - waited))
        waited, poll = waited + seconds, min(2 * poll, LONGEST_POLL_SECONDS)
    if known_at is None:
        raise LedgerError("limit_sync_runs knows of no sync in 90 days. Unpause or trigger ped_limits_sync.")
    if known_at < cycle:
        log.warning("limits are stale: newest sync read %s, cycle %s", known_at.isoformat(), cycle.isoformat())
    return {"known_at": known_at.isoformat(), "is_stale": known_at < cycle}
