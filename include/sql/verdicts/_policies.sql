{#- CTE: the policies in force at some time of the period.
    One row per version and team or API that has settings of its own, and one for the defaults. -#}
policies AS (
  -- A version that came back after another one has its rows twice.
  -- A replay puts other settings in place of a policy's.
  SELECT p.*{{ policy_replacement | default('') }}
  FROM `{{ dataset }}.policy_history` AS p
  WHERE {{ until_period_end('p.valid_from') }} AND p.valid_to > {{ period_start }}
  QUALIFY ROW_NUMBER() OVER (PARTITION BY p.policy_version, p.team_id, p.api_id ORDER BY p.valid_from) = 1
)
