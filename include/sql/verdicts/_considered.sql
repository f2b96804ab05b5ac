{#- CTEs: the limits and the policies that may hold within the period. -#}
considered_limits AS (
  SELECT
    h.limit_id,
    h.version,
    h.environment,
    h.api_id,
    h.team_id,
    h.scope,
    h.selectors,
    h.max_replicas,
    h.exemptions,
    h.valid_from,
    h.valid_to,
    h.recorded_from,
    h.recorded_to,
    h.is_deleted
  -- A replay of proposed limits puts another history in its place.
  FROM {{ considered_history | default("`" ~ dataset ~ ".limit_history`") }} AS h
  WHERE {{ until_period_end('h.valid_from') }} AND h.valid_to > {{ period_start }} AND NOT h.is_deleted
),

policies AS (
  -- A version that came back after another one has its rows twice.
  -- A replay puts other settings in place of a policy's.
  SELECT p.*{{ policy_replacement | default('') }}
  FROM `{{ dataset }}.policy_history` AS p
  WHERE p.policy_version IN (SELECT c.policy_version FROM judged_cycles AS c)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY p.policy_version, p.team_id, p.api_id ORDER BY p.valid_from) = 1
)
