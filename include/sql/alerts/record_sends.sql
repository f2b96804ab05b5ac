-- What became of the leased messages, and the alerts about those that died of it or got an answer nobody knows,
-- together; running it again changes nothing. A sender that lost its lease writes nothing: another has taken its rows over.
-- Writes one row per message that was leased, and one per alert; returns none.
-- Parameters: @owner, @run_id STRING; @sends ARRAY<STRUCT<notification_id STRING, status STRING, parent_ts STRING,
-- message_ts STRING, permalink STRING, error STRING, alert_id STRING, next_attempt_at TIMESTAMP,
-- channel_failing_since TIMESTAMP, sent_at TIMESTAMP>>;
-- @alerts ARRAY<STRUCT<notification_id STRING, episode_id STRING, sequence INT64, cycle TIMESTAMP, reason STRING,
-- destination STRING, channel STRING, told_state STRING, message STRING, status STRING, created_at TIMESTAMP>>.
BEGIN TRANSACTION;

MERGE `{{ dataset }}.notifications` AS known
USING (SELECT s.* FROM UNNEST(@sends) AS s) AS sent
  ON known.notification_id = sent.notification_id
WHEN MATCHED AND known.lease_owner = @owner THEN
  UPDATE SET
    status = sent.status,
    parent_ts = COALESCE(sent.parent_ts, known.parent_ts),
    message_ts = COALESCE(sent.message_ts, known.message_ts),
    permalink = COALESCE(sent.permalink, known.permalink),
    error = sent.error,
    alert_id = sent.alert_id,
    next_attempt_at = sent.next_attempt_at,
    channel_failing_since = sent.channel_failing_since,
    sent_at = sent.sent_at,
    lease_owner = NULL,
    lease_expires_at = NULL;

-- Hardly ever is there one, and the table would be billed all the same.
IF ARRAY_LENGTH(@alerts) > 0 THEN
  MERGE `{{ dataset }}.notifications` AS known
  USING (
    SELECT a.*
    FROM UNNEST(@alerts) AS a
    WHERE
      a.notification_id IN (SELECT n.alert_id FROM `{{ dataset }}.notifications` AS n WHERE n.alert_id IS NOT NULL)
  ) AS alert
    ON known.notification_id = alert.notification_id
  WHEN NOT MATCHED THEN
    INSERT (
      notification_id, episode_id, sequence, cycle, reason, destination, channel, told_state, message, status,
      attempts, created_at, run_id
    )
    VALUES (
      alert.notification_id, alert.episode_id, alert.sequence, alert.cycle, alert.reason, alert.destination,
      alert.channel, alert.told_state, alert.message, alert.status, 0, alert.created_at, @run_id
    );
END IF;

COMMIT TRANSACTION;
