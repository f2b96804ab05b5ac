-- Which clusters were looked at, and in which environment last. One row per cluster.
-- Parameters: @since TIMESTAMP: first cycle that counts.
SELECT
  runs.cluster,
  ARRAY_AGG(runs.environment ORDER BY runs.cycle DESC LIMIT 1)[OFFSET(0)] AS environment
FROM `{{ dataset }}.collection_runs` AS runs
WHERE runs.cycle >= @since
GROUP BY runs.cluster
ORDER BY runs.cluster
