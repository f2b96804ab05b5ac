-- What became of the leased messages; running it again changes nothing.
-- Parameters: @owner STRING; @sends ARRAY<STRUCT<notification_id STRING, status STRING, parent_ts STRING, message_ts
-- STRING, error STRING, next_attempt_at TIMESTAMP, sent_at TIMESTAMP>>.
MERGE `{{ dataset }}.notifications` AS known
USING (SELECT s.* FROM UNNEST(@sends) AS s) AS sent
  ON known.notification_id = sent.notification_id
WHEN MATCHED AND known.lease_owner = @owner THEN
  UPDATE SET
    status = sent.status,
    parent_ts = COALESCE(sent.parent_ts, known.parent_ts),
    message_ts = COALESCE(sent.message_ts, known.message_ts),
    error = sent.error,
    next_attempt_at = sent.next_attempt_at,
    sent_at = sent.sent_at,
    lease_owner = NULL,
    lease_expires_at = NULL
