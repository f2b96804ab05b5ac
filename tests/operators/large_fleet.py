"""A fleet whose APIs all went over their limits at once, as its ledger tells it: for folds too large for a request."""

import datetime as dt
from typing import Any

from pedwatch.alerts.live.live_fold import fold_alerts
from pedwatch.cycles import PERIOD
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse

FIRST = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
TEAMS = 9
_JUDGED = """
INSERT INTO {verdicts} (
  cycle, fingerprint, subject, scope, environment, cluster, namespace, workload_kind, workload_name, workload_count,
  api_id, team_id, verdict, measured, is_lower_bound, offender, is_over_strict, limit_id, limit_version, max_replicas,
  ceiling, is_contested, surge_allowance, policy_version, is_limits_stale, reason, origin, revision, content_sha256,
  computed_at, run_id, cycle_minutes
)
SELECT
  @cycle, TO_HEX(SHA256(a.api_id)), CONCAT('cluster/', a.limit_id, '/eu-prod-1'), 'cluster', 'prod', 'eu-prod-1',
  'shop', 'Deployment', a.api_id, 1, a.api_id, a.team_id, 'over_limit', 30, FALSE, 'deployment', TRUE, a.limit_id, 1,
  10, 10, FALSE, 0, 'policy-1', FALSE, 'over_ceiling', 'live', 1, '-', @cycle, 'run-0', 5
FROM (
  SELECT
    CONCAT('api-', n) AS api_id, CONCAT('team-', MOD(n, @teams)) AS team_id,
    CONCAT('prod.team-', MOD(n, @teams), '.api-', n) AS limit_id
  FROM UNNEST(GENERATE_ARRAY(1, @apis)) AS n
) AS a
"""


def judge(warehouse: Warehouse, cycle: dt.datetime, apis: int) -> None:
    """Write an over_limit of each API."""
    from google.cloud import bigquery

    text = _JUDGED.format(verdicts=f"`{warehouse.config.dataset}.verdicts`")
    given = [
        bigquery.ScalarQueryParameter("cycle", "TIMESTAMP", cycle),
        bigquery.ScalarQueryParameter("apis", "INT64", apis),
        bigquery.ScalarQueryParameter("teams", "INT64", TEAMS),
    ]
    warehouse.client.query(text, job_config=bigquery.QueryJobConfig(query_parameters=given)).result()


def at_cursor(cycle: dt.datetime) -> dict[str, Any]:
    """Return the parameters that set the cursor where none is."""
    return {"cycle": cycle, "computed_at": cycle, "expected_cursor": Typed("TIMESTAMP", None)}


def fold(warehouse: Warehouse, cycle: dt.datetime) -> dict[str, int]:
    """Fold a cycle and tell."""
    return fold_alerts(warehouse, warehouse.config, cycle, cycle + PERIOD / 2, "run-1", may_notify=True)
