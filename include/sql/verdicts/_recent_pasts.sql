{#- CTEs: the workloads whose past matters, and the six hours before. Needs `measured_workloads`; ends in `recent_pasts`. -#}
{%- from 'verdicts/_period.sql' import asks_for_its_past, is_unlabelled -%}
asking_workloads AS (
  SELECT
    w.cycle,
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    w.api_id,
    w.team_id,
    w.created_at,
    w.policy_version,
    w.surge_replicas
  FROM measured_workloads AS w
  WHERE {{ asks_for_its_past('w') }}
),

sightings AS (
  -- Six hours back are read: enough for the surge budget, and for telling that a re-created workload is not new.
  -- Every attempt counts here, also one that does not own its cycle (docs/decisions/0003).
  SELECT
    o.cluster,
    o.namespace,
    o.name AS workload_name,
    o.cycle,
    LOGICAL_OR(
      o.status_replicas > o.updated_replicas AND o.status_replicas > o.spec_replicas AND o.max_surge IS NOT NULL
    ) AS is_surging,
    MAX(IF({{ is_unlabelled('o') }}, NULL, o.api_id)) AS labelled_api_id,
    MAX(IF({{ is_unlabelled('o') }}, NULL, o.team_id)) AS labelled_team_id
  FROM `{{ dataset }}.replica_observations` AS o
  INNER JOIN (
    SELECT DISTINCT
      cluster,
      namespace,
      workload_name
    FROM asking_workloads
    WHERE workload_kind = 'Deployment'
  ) AS n ON o.cluster = n.cluster AND o.namespace = n.namespace AND o.name = n.workload_name
  WHERE
    o.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL 6 HOUR)
    AND {{ until_period_end('o.cycle') }}
    AND o.resource_type = 'deployment'
  GROUP BY o.cluster, o.namespace, o.name, o.cycle
),

seen_or_asked AS (
  -- A workload may be there by its HPA alone, where Deployments could not be listed: it has a past as well.
  SELECT
    s.cluster,
    s.namespace,
    s.workload_name,
    s.cycle,
    s.cycle AS sighted_cycle,
    s.is_surging,
    FALSE AS is_asked
  FROM sightings AS s
  UNION ALL
  SELECT
    w.cluster,
    w.namespace,
    w.workload_name,
    w.cycle,
    CAST(NULL AS TIMESTAMP) AS sighted_cycle,
    FALSE AS is_surging,
    TRUE AS is_asked
  FROM asking_workloads AS w
  WHERE w.workload_kind = 'Deployment'
),

recent_pasts AS (
  SELECT
    s.cluster,
    s.namespace,
    s.workload_name,
    s.cycle,
    s.is_asked,
    MIN(s.sighted_cycle) OVER six_hours_before AS first_cycle,
    COUNTIF(s.is_surging) OVER six_hours_before AS surge_cycles
  FROM seen_or_asked AS s
  WINDOW six_hours_before AS (
    PARTITION BY s.cluster, s.namespace, s.workload_name
    ORDER BY UNIX_SECONDS(s.cycle)
    RANGE BETWEEN 21600 PRECEDING AND 1 PRECEDING
  )
)
