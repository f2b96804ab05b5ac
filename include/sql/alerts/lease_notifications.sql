-- Take the lease on what can be sent now: one sender at a time, and a crashed holder's lease runs out (DESIGN D8).
-- A row taken over from an expired lease, or left ambiguous, may have been posted already: `was_tried` says so, and the
-- sender reads the channel back before it posts. Messages of one thread keep their order: none is leased while an
-- earlier one waits. A channel that asked for patience is left alone until then.
-- Parameters: @now, @lease_expires_at TIMESTAMP; @owner STRING; @batch INT64.
BEGIN TRANSACTION;

CREATE TEMP TABLE leased_notifications AS
WITH
patient_channels AS (
  SELECT DISTINCT w.channel
  FROM `{{ dataset }}.notifications` AS w
  WHERE w.status IN ('unsent', 'ambiguous') AND STARTS_WITH(w.error, 'ratelimited') AND w.next_attempt_at > @now
),

undelivered AS (
  SELECT
    n.*,
    n.status IN ('sending', 'ambiguous') AS was_tried,
    COALESCE(n.lease_expires_at, TIMESTAMP '1970-01-01 00:00:00+00') <= @now
    AND COALESCE(n.next_attempt_at, TIMESTAMP '1970-01-01 00:00:00+00') <= @now
    AND n.channel NOT IN (SELECT p.channel FROM patient_channels AS p) AS is_due
  FROM `{{ dataset }}.notifications` AS n
  WHERE n.status IN ('unsent', 'sending', 'ambiguous')
),

lines AS (
  -- Clocks of senders differ: within a thread the sequence is the order, whatever created_at says.
  SELECT
    u.*,
    MAX(u.created_at) OVER thread_line AS waits_since,
    COUNTIF(NOT u.is_due) OVER thread_line AS waiting_before
  FROM undelivered AS u
  WINDOW thread_line AS (
    PARTITION BY u.episode_id, u.channel ORDER BY u.sequence ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)

SELECT
  l.notification_id,
  l.episode_id,
  l.sequence,
  l.reason,
  l.cycle,
  l.channel,
  l.message,
  l.attempts,
  l.created_at,
  l.waits_since,
  l.was_tried
FROM lines AS l
WHERE l.waiting_before = 0
QUALIFY ROW_NUMBER() OVER (ORDER BY l.waits_since, l.episode_id, l.channel, l.sequence) <= @batch;

UPDATE `{{ dataset }}.notifications` AS n
SET
  status = 'sending',
  lease_owner = @owner,
  lease_expires_at = @lease_expires_at,
  attempts = n.attempts + 1
WHERE n.notification_id IN (SELECT l.notification_id FROM leased_notifications AS l);

COMMIT TRANSACTION;

SELECT
  l.*,
  t.parent_ts,
  t.parents,
  t.current_message,
  q.permalink AS previous_permalink
FROM leased_notifications AS l
INNER JOIN (
  SELECT
    episode_id,
    channel,
    ARRAY_AGG(parent_ts IGNORE NULLS ORDER BY sequence DESC LIMIT 1)[SAFE_OFFSET(0)] AS parent_ts,
    ARRAY_AGG(DISTINCT parent_ts IGNORE NULLS) AS parents,
    ARRAY_AGG(message ORDER BY sequence DESC LIMIT 1)[OFFSET(0)] AS current_message
  FROM `{{ dataset }}.notifications`
  GROUP BY episode_id, channel
) AS t ON l.episode_id = t.episode_id AND l.channel = t.channel
LEFT JOIN `{{ dataset }}.episodes` AS e ON l.episode_id = e.episode_id
LEFT JOIN (
  SELECT
    episode_id,
    MAX(permalink) AS permalink
  FROM `{{ dataset }}.notifications`
  GROUP BY episode_id
) AS q ON e.previous_episode_id = q.episode_id
ORDER BY l.waits_since, l.episode_id, l.channel, l.sequence;
