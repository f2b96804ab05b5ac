-- Outbox rows that belong to no fold: digests, failed DAGs. Written again they change nothing.
-- Parameters: @created_at TIMESTAMP; @run_id STRING; @notifications ARRAY<STRUCT<notification_id STRING, episode_id
-- STRING, sequence INT64, team_id STRING, cycle TIMESTAMP, reason STRING, destination STRING, channel STRING,
-- told_state STRING, message STRING, status STRING, told_by STRING>>.
MERGE `{{ dataset }}.notifications` AS known
USING (SELECT n.* FROM UNNEST(@notifications) AS n) AS told
  ON known.notification_id = told.notification_id
WHEN NOT MATCHED THEN
  INSERT (
    notification_id, episode_id, sequence, team_id, cycle, reason, destination, channel, told_state, message, status,
    told_by, attempts, created_at, run_id
  )
  VALUES (
    told.notification_id, told.episode_id, told.sequence, told.team_id, told.cycle, told.reason, told.destination,
    told.channel, told.told_state, told.message, told.status, told.told_by, 0, @created_at, @run_id
  )
