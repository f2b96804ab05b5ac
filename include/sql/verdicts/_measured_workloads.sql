{#- CTEs: what ran in @cycle, per workload, as far as it was seen. Ends in `measured_workloads`. -#}
cluster_states AS (
  SELECT
    cluster,
    environment,
    attempt_id,
    status,
    status = 'complete' AS is_complete,
    deployments_listed IS NOT NULL AS has_deployments
  FROM `{{ dataset }}.collection_runs`
  WHERE cycle = @cycle
),

owned_observations AS (
  -- Only the attempt that owns the cycle counts: a retried or duplicated pod can neither double nor downgrade it.
  SELECT o.*
  FROM `{{ dataset }}.replica_observations` AS o
  INNER JOIN cluster_states AS s ON o.cluster = s.cluster AND o.attempt_id = s.attempt_id
  WHERE o.cycle = @cycle
),

deployments AS (
  SELECT
    o.environment,
    o.cluster,
    o.namespace,
    'Deployment' AS workload_kind,
    o.name AS workload_name,
    o.api_id,
    o.team_id,
    o.created_at,
    o.spec_replicas,
    o.status_replicas,
    -- A rollout is in progress while old pods still stand (DESIGN D2); only pods above what was asked for are surge.
    -- A percentage of maxSurge is rounded up, as Kubernetes does; without maxSurge (Recreate) nothing is forgiven.
    IF(
      o.status_replicas > o.updated_replicas,
      LEAST(
        COALESCE(
          SAFE_CAST(o.max_surge AS INT64),
          CAST(CEIL(SAFE_CAST(REGEXP_EXTRACT(o.max_surge, r'^([0-9]+)%$') AS INT64) * o.spec_replicas / 100) AS INT64),
          0
        ),
        GREATEST(o.status_replicas - o.spec_replicas, 0)
      ),
      0
    ) AS surge_replicas
  FROM owned_observations AS o
  WHERE o.resource_type = 'deployment'
),

autoscalers AS (
  -- Two HPAs on one workload fight over it: the greater count is what runs.
  SELECT
    o.environment,
    o.cluster,
    o.namespace,
    o.hpa_target_kind AS workload_kind,
    o.hpa_target_name AS workload_name,
    MAX(o.api_id) AS api_id,
    MAX(o.team_id) AS team_id,
    MIN(o.created_at) AS created_at,
    MAX(o.hpa_current_replicas) AS hpa_current_replicas,
    MAX(o.hpa_max_replicas) AS hpa_max_replicas
  FROM owned_observations AS o
  WHERE o.resource_type = 'hpa'
  GROUP BY o.environment, o.cluster, o.namespace, o.hpa_target_kind, o.hpa_target_name
),

scaled_workloads AS (
  SELECT
    COALESCE(d.environment, h.environment) AS environment,
    COALESCE(d.cluster, h.cluster) AS cluster,
    COALESCE(d.namespace, h.namespace) AS namespace,
    COALESCE(d.workload_kind, h.workload_kind) AS workload_kind,
    COALESCE(d.workload_name, h.workload_name) AS workload_name,
    COALESCE(d.api_id, h.api_id) AS api_id,
    COALESCE(d.team_id, h.team_id) AS team_id,
    COALESCE(d.created_at, h.created_at) AS created_at,
    d.workload_name IS NOT NULL AS is_deployment_listed,
    d.spec_replicas,
    d.status_replicas,
    COALESCE(d.surge_replicas, 0) AS surge_replicas,
    h.hpa_current_replicas,
    h.hpa_max_replicas
  FROM deployments AS d
  FULL JOIN autoscalers AS h
    ON
      d.cluster = h.cluster
      AND d.namespace = h.namespace
      AND d.workload_kind = h.workload_kind
      AND d.workload_name = h.workload_name
),

present_workloads AS (
  -- An HPA whose Deployment is gone from a complete listing scales nothing: its last count is not running pods.
  SELECT w.*
  FROM scaled_workloads AS w
  INNER JOIN cluster_states AS s ON w.cluster = s.cluster
  WHERE w.is_deployment_listed OR w.workload_kind != 'Deployment' OR NOT s.has_deployments
),

recent_sightings AS (
  -- Only partitions of the last six hours are read: enough for the surge budget, and for telling that a re-created
  -- workload is not new.
  SELECT
    o.cluster,
    o.namespace,
    o.name AS workload_name,
    MIN(o.cycle) AS first_cycle,
    COUNT(
      DISTINCT IF(
        o.status_replicas > o.updated_replicas AND o.status_replicas > o.spec_replicas AND o.max_surge IS NOT NULL,
        o.cycle,
        NULL
      )
    ) AS surge_cycles
  FROM `{{ dataset }}.replica_observations` AS o
  INNER JOIN present_workloads AS w
    ON
      o.cluster = w.cluster
      AND o.namespace = w.namespace
      AND o.name = w.workload_name
      AND w.workload_kind = 'Deployment'
  WHERE
    o.cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 6 HOUR)
    AND o.cycle < @cycle
    AND o.resource_type = 'deployment'
    AND (w.surge_replicas > 0 OR w.created_at > TIMESTAMP_SUB(@cycle, INTERVAL 6 HOUR))
  GROUP BY o.cluster, o.namespace, o.name
),

policies AS (
  {% include 'limits/policy_as_of.sql' %}
),

api_policies AS (
  -- The most specific row wins: API, else team, else the defaults.
  SELECT
    a.team_id AS for_team_id,
    a.api_id AS for_api_id,
    p.*
  FROM (SELECT DISTINCT team_id, api_id FROM present_workloads) AS a
  INNER JOIN policies AS p
    ON (p.team_id IS NULL OR p.team_id = a.team_id) AND (p.api_id IS NULL OR p.api_id = a.api_id)
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY a.team_id, a.api_id
    ORDER BY IF(p.api_id IS NULL, 0, 1) DESC, IF(p.team_id IS NULL, 0, 1) DESC
  ) = 1
),

allowed_workloads AS (
  SELECT
    w.*,
    p.policy_version,
    -- New: neither created nor sighted before the grace began. Sightings count, so re-creating does not renew it.
    LEAST(COALESCE(r.first_cycle, @cycle), COALESCE(w.created_at, @cycle))
    > TIMESTAMP_SUB(@cycle, INTERVAL p.grace_minutes MINUTE) AS is_new,
    -- Forgiven for at most the budget in any six hours, counted in cycles of five minutes.
    IF(COALESCE(r.surge_cycles, 0) * 5 < p.surge_budget_minutes, w.surge_replicas, 0) AS surge_allowance
  FROM present_workloads AS w
  INNER JOIN api_policies AS p
    ON w.team_id IS NOT DISTINCT FROM p.for_team_id AND w.api_id IS NOT DISTINCT FROM p.for_api_id
  LEFT JOIN recent_sightings AS r
    ON w.cluster = r.cluster AND w.namespace = r.namespace AND w.workload_name = r.workload_name
),

measured_workloads AS (
  SELECT
    w.*,
    -- The greater counter per workload; what the HPA says is never reduced by the allowance (DESIGN D2).
    GREATEST(COALESCE(w.status_replicas - w.surge_allowance, 0), COALESCE(w.hpa_current_replicas, 0)) AS measured,
    GREATEST(COALESCE(w.status_replicas, 0), COALESCE(w.hpa_current_replicas, 0)) AS running,
    IF(
      COALESCE(w.status_replicas - w.surge_allowance, 0) >= COALESCE(w.hpa_current_replicas, 0), 'deployment', 'hpa'
    ) AS offender
  FROM allowed_workloads AS w
)
