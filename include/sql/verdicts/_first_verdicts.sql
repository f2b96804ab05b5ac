{#- CTEs: what was judged first of each subject and cycle for which `judged` holds, and every version of every limit.
    Ends in `versions`. One row per cycle and subject; per limit and version. -#}
first_verdicts AS (
  SELECT v.*, COUNT(*) OVER (PARTITION BY v.cycle, v.fingerprint) AS revisions
  FROM `{{ dataset }}.verdicts` AS v
  WHERE {{ judged }}
  QUALIFY ROW_NUMBER() OVER (PARTITION BY v.cycle, v.fingerprint ORDER BY IF(v.origin = 'live', 0, 1), v.revision) = 1
),

versions AS (
  SELECT h.*
  FROM `{{ dataset }}.limit_history` AS h
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY h.limit_id, h.version ORDER BY h.recorded_from) = 1
)
