-- Where the last committed sync stood, for the next one to read on from; no row when there was none. At most one row.
-- Parameters:
--   @sync_id STRING: run id of the sync that asks
SELECT
  runs.read_time,
  runs.documents_known,
  runs.rejections,
  runs.policy_version,
  runs.firestore_project AS project,
  runs.firestore_database AS `database`,
  runs.firestore_collection AS collection,
  MAX(IF(runs.mode = 'full', runs.read_time, NULL)) OVER () AS full_read_time,
  COUNTIF(runs.sync_id = @sync_id) OVER () > 0 AS is_committed
FROM
  `{{ dataset }}.limit_sync_runs` AS runs
WHERE
  TRUE
QUALIFY
  ROW_NUMBER() OVER (ORDER BY runs.read_time DESC) = 1
