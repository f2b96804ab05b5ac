{#- CTE: the limits that may hold within the period. One row per limit, version and what was believed of it. -#}
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
)
