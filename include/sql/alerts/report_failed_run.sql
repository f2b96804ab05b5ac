-- What the callback of a run that failed leaves: a row that nobody has read yet. It reads nothing, since BigQuery bills
-- each table that is read: whether there is anything to tell finds out who reads it. Twice is two rows, settled as one.
-- Writes one row per report; returns none.
-- Parameters: @notification_id, @episode_id, @reason, @destination, @channel, @told_state, @message, @status, @run_id
-- STRING; @sequence INT64; @cycle, @created_at TIMESTAMP.
INSERT INTO `{{ dataset }}.notifications` (
  notification_id, episode_id, sequence, cycle, reason, destination, channel, told_state, message, status, attempts,
  created_at, run_id
)
VALUES (
  @notification_id, @episode_id, @sequence, @cycle, @reason, @destination, @channel, @told_state, @message, @status, 0,
  @created_at, @run_id
)
