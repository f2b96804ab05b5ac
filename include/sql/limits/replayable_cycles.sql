-- How many cycles of a period were observed, and the newest: what there is to replay. One row.
-- Parameters: @period_start, @period_end TIMESTAMP: half-open, UTC
SELECT
  COUNT(DISTINCT runs.cycle) AS cycles,
  MAX(runs.cycle) AS newest
FROM `{{ dataset }}.collection_runs` AS runs
WHERE runs.cycle >= @period_start AND runs.cycle < @period_end
