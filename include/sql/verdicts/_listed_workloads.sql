{#- CTEs: what the attempt that owns a cycle saw of a cluster; of that, the workloads. Needs `judged_cycles`; ends in
    `listed_workloads`. One row per cycle and workload. -#}
{%- from 'verdicts/_counting.sql' import workload_kind -%}
{%- from 'verdicts/_surge.sql' import counts, taken_name, takeover_replicas -%}
owned_observations AS (
  -- Only the attempt that owns the cycle counts: a retried or duplicated pod can neither double nor downgrade it.
  SELECT
    o.* REPLACE (NULLIF(o.api_id, '') AS api_id, NULLIF(o.team_id, '') AS team_id),
    c.known_at,
    c.policy_version,
    r.deployments_listed,
    r.statefulsets_listed,
    r.rollouts_listed
  FROM `{{ dataset }}.replica_observations` AS o
  INNER JOIN `{{ dataset }}.collection_runs` AS r
    ON o.cycle = r.cycle AND o.cluster = r.cluster AND o.attempt_id = r.attempt_id
  INNER JOIN judged_cycles AS c ON o.cycle = c.cycle
  WHERE {{ in_period('o.cycle') }} AND {{ in_period('r.cycle') }}
),

{% include 'verdicts/_takeovers.sql' %},

counted_observations AS (
  SELECT
    o.*,
    IF(o.resource_type = 'rollout', {{ taken_name('o') }}, NULL) AS takes_over_name,
    -- A Rollout that took a template over may carry no labels of its own: it is the same API, and no newer.
    COALESCE(o.api_id, t.api_id) AS own_api_id,
    COALESCE(o.team_id, t.team_id) AS own_team_id,
    COALESCE(t.first_created_at, o.created_at) AS first_created_at,
    t.successor_spec,
    t.successor_replicas,
    t.successor_name,
    {{- counts('o') }}
  FROM owned_observations AS o
  LEFT JOIN takeovers AS t
    ON
      o.cycle = t.cycle
      AND o.cluster = t.cluster
      AND o.namespace = t.namespace
      AND {{ taken_name('o') }} = t.deployment_name
  WHERE o.resource_type != 'hpa'
),

listed_workloads AS (
  SELECT
    o.cycle,
    o.environment,
    o.cluster,
    o.namespace,
    {{ workload_kind('o') }} AS workload_kind,
    o.name AS workload_name,
    o.resource_type AS counter,
    IF(o.takes_over_name IS NULL, o.api_id, o.own_api_id) AS api_id,
    IF(o.takes_over_name IS NULL, o.team_id, o.own_team_id) AS team_id,
    IF(ARRAY_LENGTH(o.labels) > 0, TO_JSON_STRING(o.labels), '[]') AS label_text,
    IF(o.takes_over_name IS NULL, o.created_at, o.first_created_at) AS created_at,
    o.deleted_at,
    o.known_at,
    o.policy_version,
    -- Who takes a Deployment over says what is asked for.
    IF(o.resource_type = 'deployment' AND o.successor_spec IS NOT NULL, 0, o.spec_replicas) AS spec_replicas,
    o.counted_replicas AS status_replicas,
    o.surge_replicas,
    {{ takeover_replicas('o') }} AS takeover_replicas,
    o.takes_over_name,
    COALESCE(o.takes_over_name, IF(o.resource_type = 'deployment', o.successor_name, NULL)) AS other_name,
    -- A Deployment at zero behind a Rollout did not fall: its pods are the Rollout's.
    o.resource_type = 'deployment' AND o.successor_name IS NOT NULL AND o.counted_replicas = 0 AS is_moved,
    COALESCE(o.is_past_deadline, FALSE) AS is_past_deadline
  FROM counted_observations AS o
)
