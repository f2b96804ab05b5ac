-- The newest Slack message about a cycle, for a link; no row when none was sent.
-- Parameters: @cycle TIMESTAMP.
SELECT
  channel,
  COALESCE(message_ts, parent_ts) AS message_ts
FROM `{{ dataset }}.notifications`
WHERE cycle = @cycle AND status = 'sent' AND channel NOT LIKE '%:%' AND COALESCE(message_ts, parent_ts) IS NOT NULL
ORDER BY sent_at DESC, notification_id ASC
LIMIT 1
