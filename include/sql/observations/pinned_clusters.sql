-- Where discovered clusters were first seen, and in which environment: what each one's newest row says. Asked only when
-- the object that remembers it was lost. One row per cluster.
-- Parameters: @cycle TIMESTAMP.
SELECT
  r.cluster,
  r.environment,
  r.project,
  r.location,
  r.cycle AS last_cycle
FROM `{{ dataset }}.collection_runs` AS r
WHERE
  r.cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 7 DAY)
  AND r.cycle < @cycle
  AND r.project IS NOT NULL
  -- One that waits for a name holds none.
  AND r.error_class IS DISTINCT FROM 'ambiguous'
QUALIFY ROW_NUMBER() OVER (PARTITION BY r.cluster ORDER BY r.cycle DESC) = 1
ORDER BY r.cluster
