-- Records a sync that found nothing new: one row, in one table. It writes none when the sync is recorded already, or when
-- another one was committed since the one that it continues. No day before that one is read. What changes something goes
-- by limits/commit_sync.sql. Writes one row per sync; returns none.
-- Parameters:
--   @sync_id STRING: run id of the sync
--   @read_time TIMESTAMP: the Firestore moment all was read at
--   @previous_read_time TIMESTAMP: that of the sync this one continues
--   @committed_at TIMESTAMP: settings clock
--   @mode STRING: incremental | full
--   @documents_read, @documents_known INT64: counts
--   @documents_sha256 STRING: fingerprint of Firestore's listing; NULL when nothing was listed
--   @firestore_project, @firestore_database, @firestore_collection STRING: where the limits were read from
--   @policy_version STRING: version of the policy in the configuration, the same as in the sync before
MERGE `{{ dataset }}.limit_sync_runs` AS runs
USING (
  SELECT
    @sync_id AS sync_id,
    MAX(known.read_time) AS newest_read_time
  FROM `{{ dataset }}.limit_sync_runs` AS known
  WHERE known.read_time >= @previous_read_time
) AS sync
  ON runs.read_time >= @previous_read_time AND runs.sync_id = sync.sync_id
WHEN NOT MATCHED BY TARGET AND sync.newest_read_time = @previous_read_time THEN
  INSERT (
    sync_id, read_time, committed_at, mode, documents_read, documents_known, documents_sha256, changes, rejections,
    policy_version, firestore_project, firestore_database, firestore_collection
  )
  VALUES (
    sync.sync_id, @read_time, @committed_at, @mode, @documents_read, @documents_known, @documents_sha256, 0, 0,
    @policy_version, @firestore_project, @firestore_database, @firestore_collection
  )
