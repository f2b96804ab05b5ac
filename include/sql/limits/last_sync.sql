-- The newest committed sync, and when the last full one was: where the next sync reads on.
SELECT
  MAX(runs.read_time) AS read_time,
  MAX(IF(runs.mode = 'full', runs.read_time, NULL)) AS full_read_time
FROM
  `{{ dataset }}.limit_sync_runs` AS runs
