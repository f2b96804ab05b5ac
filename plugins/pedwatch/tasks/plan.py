"""The task that plans a run: which cycle, what it may do, which pods it starts (DESIGN sections 4 and D9)."""

import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pedwatch.config import Cluster, Config
from pedwatch.cycles import compact, cycle_of_run, gates
from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.batches import CLOSES_AT, COLLECTION_SECONDS, batch_clusters, collector_target

log = logging.getLogger(__name__)

LIMITS_PATIENCE_SECONDS = 60
LIMITS_POLL_SECONDS = 10


def collector_environment(
    config: Config, clusters: Sequence[Cluster], cycle: dt.datetime, started_at: dt.datetime, kubeconfig_path: str
) -> list[dict[str, str]]:
    """Return the environment of each collector pod of a cycle; ``PEDWATCH_BATCH`` is what the UI shows."""
    closes_at = started_at + dt.timedelta(seconds=COLLECTION_SECONDS)
    pods = []
    for batch in batch_clusters(clusters, config.collector.max_pods):
        names = [cluster.name for cluster in batch]
        targets = [collector_target(cluster, kubeconfig_path) for cluster in batch]
        pods.append(
            config.collector.environment
            | {
                "PEDWATCH_BATCH": names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}",
                CLOSES_AT: closes_at.isoformat(),
                "REPLICA_COLLECTOR_CYCLE": cycle.isoformat().replace("+00:00", "Z"),
                "REPLICA_COLLECTOR_CLUSTERS_JSON": json.dumps(targets, sort_keys=True),
                "REPLICA_COLLECTOR_OUTPUT": f"gs://{config.bucket}",
                "REPLICA_COLLECTOR_PAGE_SIZE": str(config.collector.page_size),
                "REPLICA_COLLECTOR_BUDGET_SECONDS": str(config.collector.budget_seconds),
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
) -> dict[str, Any]:
    """Decide the cycle of a run and what it may do; JSON values, because the other tasks read it from XCom."""
    cycle = cycle_of_run(data_interval_end, run_after)
    allowed = gates(cycle, now, run_type, bool(params.get("allow_notify")))
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


def await_limits(
    warehouse: Warehouse, cycle: dt.datetime, is_live: bool, pause: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Find how fresh the limits are; a live run waits up to 60 s for a sync of its own cycle (DESIGN D11).

    Returns:
        ``known_at``: newest committed read_time, ISO; ``is_stale``: it is older than the cycle.

    Raises:
        LedgerError: the limits were never synced, so nothing can be judged.
    """
    waited = 0
    while True:
        known_at = warehouse.run("limits/known_at.sql")[0]["known_at"]
        is_stale = known_at is None or known_at < cycle
        if not is_stale or not is_live or waited >= LIMITS_PATIENCE_SECONDS:
            break
        pause(LIMITS_POLL_SECONDS)
        waited += LIMITS_POLL_SECONDS
    if known_at is None:
        raise LedgerError("limit_sync_runs is empty: no limit was ever synced. Unpause or trigger ped_limits_sync.")
    if is_stale and is_live:
        log.warning("limits are stale: newest sync read %s, cycle %s", known_at.isoformat(), cycle.isoformat())
    return {"known_at": known_at.isoformat(), "is_stale": is_stale}
