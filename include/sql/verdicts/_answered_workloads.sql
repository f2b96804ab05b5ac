{#- CTE: what the past says of a workload: whose it is, whether it is new, what is forgiven. Needs _lost_labels.sql and
    `policies`. One row per cycle and workload whose past was asked for. -#}
{%- from 'verdicts/_period.sql' import closest, covers -%}
{%- from 'verdicts/_surge.sql' import while_the_budget_lasts -%}
answered_workloads AS (
  SELECT
    w.cycle,
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    w.api_id,
    w.team_id,
    w.is_label_lost,
    -- New: neither created nor sighted before the grace began. Sightings count, so re-creating does not renew it.
    LEAST(COALESCE(r.first_cycle, w.cycle), COALESCE(w.created_at, w.cycle))
    > TIMESTAMP_SUB(w.cycle, INTERVAL p.grace_minutes MINUTE) AS is_new,
    {{ while_the_budget_lasts('w.surge_replicas', 'r', 'p') }} AS surge_allowance,
    {{ while_the_budget_lasts('w.takeover_replicas', 'r', 'p') }} AS takeover_allowance
  FROM named_workloads AS w
  INNER JOIN policies AS p ON {{ covers('p', 'w') }}
  LEFT JOIN recent_pasts AS r
    ON
      r.is_asked
      AND w.cycle = r.cycle
      AND w.cluster = r.cluster
      AND w.namespace = r.namespace
      AND w.workload_kind = r.workload_kind
      AND w.workload_name = r.workload_name
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY w.cycle, w.cluster, w.namespace, w.workload_kind, w.workload_name ORDER BY {{ closest('p') }}
  ) = 1
)
