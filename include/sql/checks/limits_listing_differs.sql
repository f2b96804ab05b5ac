-- #fail Full syncs whose listing of Firestore is not what the history says was known at their read time: rows were lost,
-- added or changed since. The last full sync of each of the last seven days is worked out again; the fingerprint is that
-- of plugins/pedwatch/limits/sync.py: id and update time, in microseconds, of the version that holds of every limit.
-- One row per sync that differs.
WITH
full_syncs AS (
  SELECT
    runs.sync_id,
    runs.read_time,
    runs.documents_sha256
  FROM `{{ dataset }}.limit_sync_runs` AS runs
  WHERE
    runs.documents_sha256 IS NOT NULL
    AND runs.read_time >= TIMESTAMP_SUB(
      (SELECT MAX(newest.read_time) FROM `{{ dataset }}.limit_sync_runs` AS newest), INTERVAL 7 DAY
    )
  QUALIFY ROW_NUMBER() OVER (PARTITION BY DATE(runs.read_time) ORDER BY runs.read_time DESC) = 1
),

recorded AS (
  SELECT
    s.sync_id,
    COUNT(history.limit_id) AS limits,
    STRING_AGG(
      CONCAT(history.limit_id, ' ', CAST(UNIX_MICROS(history.document_update_time) AS STRING)),
      '\n' ORDER BY history.limit_id
    ) AS listing
  FROM full_syncs AS s
  LEFT JOIN
    `{{ dataset }}.limit_history` AS history
    ON
      history.valid_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
      AND history.recorded_from <= s.read_time
      AND s.read_time < history.recorded_to
      AND NOT history.is_deleted
  GROUP BY s.sync_id
)

SELECT
  s.sync_id,
  s.read_time,
  r.limits,
  s.documents_sha256 AS listed_sha256,
  TO_HEX(SHA256(COALESCE(r.listing, ''))) AS recorded_sha256
FROM full_syncs AS s
INNER JOIN recorded AS r ON s.sync_id = r.sync_id
WHERE s.documents_sha256 != TO_HEX(SHA256(COALESCE(r.listing, '')))
