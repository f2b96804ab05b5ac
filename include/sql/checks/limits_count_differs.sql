-- #fail The newest sync counted another number of documents in Firestore than the history and the rejections hold: rows
-- were lost, or added by hand. A rejected document that never was a limit is in no history.
-- One row per sync, the newest, where it differs.
WITH
newest_sync AS (
  SELECT
    runs.sync_id,
    runs.read_time,
    runs.documents_known
  FROM `{{ dataset }}.limit_sync_runs` AS runs
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (ORDER BY runs.read_time DESC) = 1
),

standing_limits AS (
  SELECT COUNT(*) AS limits
  FROM `{{ dataset }}.limit_history` AS history
  WHERE
    history.valid_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
    AND history.recorded_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
    AND NOT history.is_deleted
),

never_limits AS (
  SELECT COUNT(*) AS documents
  FROM `{{ dataset }}.limit_rejections` AS rejections
  WHERE rejections.is_current AND NOT rejections.has_previous_limit
)

SELECT
  s.sync_id,
  s.read_time,
  s.documents_known AS counted_in_firestore,
  l.limits + n.documents AS recorded
FROM newest_sync AS s
CROSS JOIN standing_limits AS l
CROSS JOIN never_limits AS n
WHERE s.documents_known != l.limits + n.documents
