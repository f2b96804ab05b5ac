-- How each cluster was seen over a period, run-length coded: cycles in a row that were alike are one row. One row
-- per cluster and stretch.
-- Parameters: @period_start, @period_end TIMESTAMP: the end excluded.
WITH
runs AS (
  SELECT
    r.environment,
    r.cluster,
    r.cycle,
    r.cycle_minutes,
    r.status,
    r.error_class,
    r.error_message,
    COALESCE(
      TIMESTAMP_DIFF(r.cycle, LAG(r.cycle) OVER (PARTITION BY r.cluster ORDER BY r.cycle), MINUTE) <= r.cycle_minutes
      AND LAG(r.status) OVER (PARTITION BY r.cluster ORDER BY r.cycle) = r.status
      AND COALESCE(LAG(r.error_class) OVER (PARTITION BY r.cluster ORDER BY r.cycle), '') = COALESCE(r.error_class, ''),
      FALSE
    ) AS goes_on
  FROM `{{ dataset }}.collection_runs` AS r
  WHERE r.cycle >= @period_start AND r.cycle < @period_end
),

numbered AS (
  SELECT
    r.*,
    SUM(IF(r.goes_on, 0, 1)) OVER (PARTITION BY r.cluster ORDER BY r.cycle) AS stretch
  FROM runs AS r
)

SELECT
  n.cluster,
  MAX(n.environment) AS environment,
  MAX(n.status) AS status,
  MAX(n.error_class) AS error_class,
  MAX(n.error_message) AS error_message,
  MIN(n.cycle) AS first_cycle,
  MAX(n.cycle) AS last_cycle,
  MAX(n.cycle_minutes) AS cycle_minutes,
  COUNT(*) AS cycles
FROM numbered AS n
GROUP BY n.cluster, n.stretch
ORDER BY n.cluster, first_cycle
