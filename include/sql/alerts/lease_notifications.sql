-- Take the lease on what can be sent now: one sender at a time, and a crashed holder's lease runs out (DESIGN D8).
-- A row taken over from an expired lease, or left ambiguous, may have been posted already: `was_tried` says so, and the
-- sender reads the channel back before it posts.
-- Parameters: @now, @lease_expires_at TIMESTAMP; @owner STRING; @batch INT64.
BEGIN TRANSACTION;

CREATE TEMP TABLE leased_notifications AS
SELECT
  n.notification_id,
  n.episode_id,
  n.sequence,
  n.reason,
  n.cycle,
  n.channel,
  n.message,
  n.attempts,
  n.created_at,
  n.status IN ('sending', 'ambiguous') AS was_tried
FROM `{{ dataset }}.notifications` AS n
WHERE
  n.status IN ('unsent', 'sending', 'ambiguous')
  AND COALESCE(n.lease_expires_at, TIMESTAMP '1970-01-01 00:00:00+00') <= @now
  AND COALESCE(n.next_attempt_at, TIMESTAMP '1970-01-01 00:00:00+00') <= @now
QUALIFY ROW_NUMBER() OVER (ORDER BY n.created_at, n.episode_id, n.sequence) <= @batch;

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
  p.parent_ts
FROM leased_notifications AS l
LEFT JOIN (
  SELECT
    episode_id,
    MAX(parent_ts) AS parent_ts
  FROM `{{ dataset }}.notifications`
  GROUP BY episode_id
) AS p ON l.episode_id = p.episode_id
ORDER BY l.created_at, l.episode_id, l.sequence;
