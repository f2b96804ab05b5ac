{#- CTE: how long each cycle was in the six hours before, and in those that are judged. One row per cycle. -#}
past_cycles AS (
  SELECT
    r.cycle,
    MAX(r.cycle_minutes) AS cycle_minutes
  FROM `{{ dataset }}.collection_runs` AS r
  WHERE
    r.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL 6 HOUR)
    AND {{ until_period_end('r.cycle') }}
  GROUP BY r.cycle
)
