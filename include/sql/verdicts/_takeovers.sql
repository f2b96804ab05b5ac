{#- CTE: what is known together of each Deployment that is taken over, and of the Rollouts that take it over. Needs
    `owned_observations`. One row per cycle and Deployment. -#}
{%- from 'verdicts/_surge.sql' import successor, taken_name -%}
takeovers AS (
  -- Few are taken over: joined, not looked for in a window over all.
  SELECT
    o.cycle,
    o.cluster,
    o.namespace,
    r.workload_ref_name AS deployment_name,
    MAX(o.api_id) AS api_id,
    MAX(o.team_id) AS team_id,
    MIN(o.created_at) AS first_created_at,
    {{- successor('o') }}
  FROM owned_observations AS o
  INNER JOIN (
    SELECT DISTINCT
      cycle,
      cluster,
      namespace,
      workload_ref_name
    FROM owned_observations
    WHERE resource_type = 'rollout' AND workload_ref_kind = 'Deployment'
  ) AS r
    ON
      o.cycle = r.cycle
      AND o.cluster = r.cluster
      AND o.namespace = r.namespace
      AND {{ taken_name('o') }} = r.workload_ref_name
  GROUP BY o.cycle, o.cluster, o.namespace, r.workload_ref_name
)
