{#- CTEs: what the attempt that owns a cycle saw of a cluster; of that, its Deployments. Needs `judged_cycles`. -#}
owned_observations AS (
  -- Only the attempt that owns the cycle counts: a retried or duplicated pod can neither double nor downgrade it.
  SELECT
    o.* REPLACE (NULLIF(o.api_id, '') AS api_id, NULLIF(o.team_id, '') AS team_id),
    c.known_at,
    c.policy_version,
    r.deployments_listed IS NOT NULL AS has_deployments
  FROM `{{ dataset }}.replica_observations` AS o
  INNER JOIN `{{ dataset }}.collection_runs` AS r
    ON o.cycle = r.cycle AND o.cluster = r.cluster AND o.attempt_id = r.attempt_id
  INNER JOIN judged_cycles AS c ON o.cycle = c.cycle
  WHERE {{ in_period('o.cycle') }} AND {{ in_period('r.cycle') }}
),

deployments AS (
  SELECT
    o.cycle,
    o.environment,
    o.cluster,
    o.namespace,
    'Deployment' AS workload_kind,
    o.name AS workload_name,
    o.api_id,
    o.team_id,
    IF(ARRAY_LENGTH(o.labels) > 0, TO_JSON_STRING(o.labels), '[]') AS label_text,
    o.created_at,
    o.known_at,
    o.policy_version,
    o.spec_replicas,
    o.status_replicas,
    -- A rollout is in progress while old pods still stand (DESIGN D2); only pods above what was asked for are surge.
    -- A percentage of maxSurge is rounded up, as Kubernetes does; without maxSurge (Recreate) nothing is forgiven.
    IF(
      o.status_replicas > o.updated_replicas AND o.status_replicas > o.spec_replicas,
      LEAST(
        COALESCE(
          SAFE_CAST(o.max_surge AS INT64),
          CAST(CEIL(SAFE_CAST(REGEXP_EXTRACT(o.max_surge, r'^([0-9]+)%$') AS INT64) * o.spec_replicas / 100) AS INT64),
          0
        ),
        o.status_replicas - o.spec_replicas
      ),
      0
    ) AS surge_replicas
  FROM owned_observations AS o
  WHERE o.resource_type = 'deployment'
)
