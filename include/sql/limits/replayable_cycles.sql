-- How many cycles of a period were observed, the oldest, the newest, and the length of the longest: what there is to replay. One row.
-- Parameters: @period_start, @period_end TIMESTAMP: half-open, UTC
SELECT
  COUNT(DISTINCT runs.cycle) AS cycles,
  MIN(runs.cycle) AS oldest,
  MAX(runs.cycle) AS newest,
  MAX(runs.cycle_minutes) AS longest_minutes
FROM `{{ dataset }}.collection_runs` AS runs
WHERE runs.cycle >= @period_start AND runs.cycle < @period_end
