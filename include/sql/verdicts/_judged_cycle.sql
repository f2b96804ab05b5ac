{#- CTE: the one cycle that is judged live. One row per cycle, which is one. -#}
judged_cycles AS (
  SELECT
    @cycle AS cycle,
    @known_at AS known_at,
    v_policy_version AS policy_version
)
