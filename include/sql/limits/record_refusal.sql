-- Notes that a sync of limits was refused. A run that is refused again, after it was cleared, stays one row.
-- Writes one row per refused sync; returns none.
-- Parameters: @sync_id, @reason, @message, @firestore_project, @firestore_database, @firestore_collection STRING;
--   @refused_at TIMESTAMP: settings clock.
MERGE `{{ dataset }}.limit_sync_refusals` AS refusals
USING (SELECT @sync_id AS sync_id) AS refused
  ON refusals.sync_id = refused.sync_id
WHEN MATCHED THEN
  UPDATE SET
    refused_at = @refused_at,
    reason = @reason,
    message = @message,
    firestore_project = @firestore_project,
    firestore_database = @firestore_database,
    firestore_collection = @firestore_collection
WHEN NOT MATCHED THEN
  INSERT (sync_id, refused_at, reason, message, firestore_project, firestore_database, firestore_collection)
  VALUES (
    refused.sync_id, @refused_at, @reason, @message, @firestore_project, @firestore_database, @firestore_collection
  )
