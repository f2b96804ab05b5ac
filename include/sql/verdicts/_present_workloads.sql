{#- CTEs: the workloads that are there, by themselves, their HPA or both. Needs _listed_workloads.sql; ends in
    `present_workloads`. One row per cycle and workload. -#}
{%- from 'verdicts/_counting.sql' import asked_replicas, target_kind -%}
autoscalers AS (
  -- Two HPAs on one workload fight over it: the greater count is what runs.
  SELECT
    o.cycle,
    o.environment,
    o.cluster,
    o.namespace,
    {{ target_kind('o') }} AS workload_kind,
    o.hpa_target_name AS workload_name,
    MAX(o.api_id) AS api_id,
    MAX(o.team_id) AS team_id,
    MAX(IF(ARRAY_LENGTH(o.labels) > 0, TO_JSON_STRING(o.labels), '[]')) AS label_text,
    MIN(o.created_at) AS created_at,
    ANY_VALUE(o.known_at) AS known_at,
    ANY_VALUE(o.policy_version) AS policy_version,
    LOGICAL_OR(
      CASE {{ target_kind('o') }}
        WHEN 'Deployment' THEN o.deployments_listed
        WHEN 'StatefulSet' THEN o.statefulsets_listed
        WHEN 'Rollout' THEN o.rollouts_listed
      END IS NOT NULL
    ) AS is_kind_listed,
    MAX({{ asked_replicas('o') }}) AS asked_replicas,
    MAX(o.hpa_current_replicas) AS hpa_current_replicas,
    MAX(o.hpa_max_replicas) AS hpa_max_replicas
  FROM owned_observations AS o
  WHERE o.resource_type = 'hpa'
  GROUP BY o.cycle, o.environment, o.cluster, o.namespace, workload_kind, o.hpa_target_name
),

joined_workloads AS (
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
    d.workload_name IS NOT NULL AS is_listed,
    d.counter,
    d.spec_replicas,
    d.status_replicas,
    COALESCE(d.surge_replicas, 0) AS surge_replicas,
    COALESCE(d.takeover_replicas, 0) AS takeover_replicas,
    d.takes_over_name,
    d.other_name,
    COALESCE(d.is_moved, FALSE) AS is_moved,
    COALESCE(d.is_past_deadline, FALSE) AS is_past_deadline,
    -- What it says of a target that goes, or that a complete listing lacks, is what was once: it counts nothing.
    IF(d.deleted_at IS NOT NULL OR (d.workload_name IS NULL AND h.is_kind_listed), NULL, h.asked_replicas)
      AS asked_replicas,
    h.hpa_current_replicas,
    h.hpa_max_replicas
  FROM listed_workloads AS d
  FULL JOIN autoscalers AS h
    ON
      d.cycle = h.cycle
      AND d.cluster = h.cluster
      AND d.namespace = h.namespace
      AND d.workload_kind = h.workload_kind
      AND d.workload_name = h.workload_name
),

present_workloads AS (
  SELECT
    w.*,
    -- Where nothing else counts it, it is not known; and not zero.
    CASE
      WHEN w.status_replicas IS NOT NULL OR w.asked_replicas IS NOT NULL THEN NULL
      WHEN w.is_listed THEN 'count_not_written'
      ELSE 'hpa_is_stale'
    END AS unknown_reason
  FROM joined_workloads AS w
)
