{#- CTEs: the workloads that are there, by their Deployment, their HPA or both. Needs _deployments.sql; ends in
    `present_workloads`. -#}
autoscalers AS (
  -- Two HPAs on one workload fight over it: the greater count is what runs.
  SELECT
    o.cycle,
    o.environment,
    o.cluster,
    o.namespace,
    o.hpa_target_kind AS workload_kind,
    o.hpa_target_name AS workload_name,
    MAX(o.api_id) AS api_id,
    MAX(o.team_id) AS team_id,
    MAX(IF(ARRAY_LENGTH(o.labels) > 0, TO_JSON_STRING(o.labels), '[]')) AS label_text,
    MIN(o.created_at) AS created_at,
    ANY_VALUE(o.known_at) AS known_at,
    ANY_VALUE(o.policy_version) AS policy_version,
    LOGICAL_OR(o.has_deployments) AS has_deployments,
    MAX(o.hpa_current_replicas) AS hpa_current_replicas,
    MAX(o.hpa_max_replicas) AS hpa_max_replicas
  FROM owned_observations AS o
  WHERE o.resource_type = 'hpa'
  GROUP BY o.cycle, o.environment, o.cluster, o.namespace, o.hpa_target_kind, o.hpa_target_name
),

present_workloads AS (
  SELECT
    COALESCE(d.cycle, h.cycle) AS cycle,
    COALESCE(d.environment, h.environment) AS environment,
    COALESCE(d.cluster, h.cluster) AS cluster,
    COALESCE(d.namespace, h.namespace) AS namespace,
    COALESCE(d.workload_kind, h.workload_kind) AS workload_kind,
    COALESCE(d.workload_name, h.workload_name) AS workload_name,
    COALESCE(d.api_id, h.api_id) AS api_id,
    COALESCE(d.team_id, h.team_id) AS team_id,
    COALESCE(d.label_text, h.label_text) AS label_text,
    COALESCE(d.created_at, h.created_at) AS created_at,
    COALESCE(d.known_at, h.known_at) AS known_at,
    COALESCE(d.policy_version, h.policy_version) AS policy_version,
    d.workload_name IS NOT NULL AS is_deployment_listed,
    d.spec_replicas,
    d.status_replicas,
    COALESCE(d.surge_replicas, 0) AS surge_replicas,
    h.hpa_current_replicas,
    h.hpa_max_replicas
  FROM deployments AS d
  FULL JOIN autoscalers AS h
    ON
      d.cycle = h.cycle
      AND d.cluster = h.cluster
      AND d.namespace = h.namespace
      AND d.workload_kind = h.workload_kind
      AND d.workload_name = h.workload_name
  -- An HPA whose Deployment is gone from a complete listing scales nothing: its last count is not running pods.
  WHERE d.workload_name IS NOT NULL OR h.workload_kind != 'Deployment' OR NOT h.has_deployments
)
