-- Take the lease on what can be sent now: one sender at a time; a crashed holder's lease runs out (docs/design.md#d8).
-- A row taken over from an expired lease, or left ambiguous, may have been posted already: `was_tried` says so, and the
-- sender reads the channel back before it posts. Messages of one thread keep their order: none is leased while an
-- earlier one waits.
-- Nobody starves: what fails together (a carrier: a Slack channel, a webhook, the mail server) leaves the queue until
-- its time. The rest is taken in turns: of each kind of channel its share, Slack's being the largest and first, and
-- within a kind one row after the other of each channel.
-- A lease is one owner's: where it was taken already (a script may run twice unseen), the same rows come again, and no
-- others are taken. Such a row was tried before this lease if it had been leased before.
-- One row per leased notification, in the order in which they are sent.
-- Parameters: @now, @lease_expires_at TIMESTAMP; @owner STRING: of this lease alone; @batch INT64; @slack_share INT64: rows of Slack to one
-- row of each other kind.
BEGIN TRANSACTION;

CREATE TEMP TABLE leased_notifications AS
WITH
undelivered AS (
  SELECT
    n.* REPLACE (n.attempts - IF(n.lease_owner = @owner, 1, 0) AS attempts),
    COALESCE(n.lease_owner = @owner, FALSE) AS is_mine,
    IF(n.lease_owner = @owner, n.attempts > 1, n.status IN ('sending', 'ambiguous')) AS was_tried,
    COALESCE(REGEXP_EXTRACT(n.channel, r'^([a-z]+):'), 'slack') AS kind,
    IF(STARTS_WITH(n.channel, 'mailto:'), 'mailto', n.channel) AS carrier
  FROM `{{ dataset }}.notifications` AS n
  WHERE n.status IN ('unsent', 'sending', 'ambiguous')
),

carriers AS (
  SELECT
    u.*,
    MAX(u.channel_failing_since) OVER carrier_rows AS failing_since,
    IF(
      COUNTIF(u.is_mine) OVER () > 0,
      u.is_mine,
      COALESCE(u.lease_expires_at, TIMESTAMP '1970-01-01 00:00:00+00') <= @now
      AND COALESCE(u.next_attempt_at, TIMESTAMP '1970-01-01 00:00:00+00') <= @now
      AND COUNTIF(u.channel_failing_since IS NOT NULL AND u.next_attempt_at > @now) OVER carrier_rows = 0
    ) AS is_due
  FROM undelivered AS u
  WINDOW carrier_rows AS (PARTITION BY u.carrier)
),

lines AS (
  -- Clocks of senders differ: within a thread the sequence is the order, whatever created_at says. What has failed by
  -- itself waits since its next attempt was due: it goes behind what has not been tried yet.
  SELECT
    c.*,
    MAX(GREATEST(c.created_at, COALESCE(c.next_attempt_at, c.created_at))) OVER thread_line AS waits_since,
    COUNTIF(NOT c.is_due) OVER thread_line AS waiting_before
  FROM carriers AS c
  WINDOW thread_line AS (
    PARTITION BY c.episode_id, c.channel ORDER BY c.sequence ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
),

places AS (
  SELECT
    l.*,
    ROW_NUMBER() OVER (
      -- A welcome is written with the first message of a channel, and comes before it.
      PARTITION BY l.channel ORDER BY l.waits_since, IF(l.reason = 'welcome', 0, 1), l.episode_id, l.sequence
    ) AS place_in_channel
  FROM lines AS l
  WHERE l.waiting_before = 0
),

turns AS (
  SELECT
    p.*,
    ROW_NUMBER() OVER (PARTITION BY p.kind ORDER BY p.place_in_channel, p.waits_since, p.channel) AS place_in_kind
  FROM places AS p
)

SELECT
  t.notification_id,
  t.episode_id,
  t.sequence,
  t.reason,
  t.cycle,
  t.channel,
  t.attempts,
  t.created_at,
  t.was_tried,
  t.failing_since,
  ROW_NUMBER() OVER (ORDER BY IF(t.kind = 'slack', 0, 1), t.kind, t.place_in_kind) AS turn
FROM turns AS t
WHERE t.place_in_kind <= @batch
QUALIFY ROW_NUMBER() OVER (
  ORDER BY
    DIV(t.place_in_kind - 1, IF(t.kind = 'slack', @slack_share, 1)), IF(t.kind = 'slack', 0, 1), t.kind, t.place_in_kind
) <= @batch;

UPDATE `{{ dataset }}.notifications` AS n
SET
  status = 'sending',
  lease_owner = @owner,
  lease_expires_at = @lease_expires_at,
  attempts = n.attempts + 1
WHERE
  n.notification_id IN (SELECT l.notification_id FROM leased_notifications AS l)
  AND n.lease_owner IS DISTINCT FROM @owner;

COMMIT TRANSACTION;

SELECT
  l.*,
  t.parent_ts,
  t.parents,
  t.messages[OFFSET(0)].message AS current_message,
  (SELECT m.message FROM UNNEST(t.messages) AS m WHERE m.notification_id = l.notification_id) AS message,
  t.is_said_stuck,
  q.permalink AS previous_permalink
FROM leased_notifications AS l
INNER JOIN (
  SELECT
    episode_id,
    channel,
    ARRAY_AGG(parent_ts IGNORE NULLS ORDER BY sequence DESC LIMIT 1)[SAFE_OFFSET(0)] AS parent_ts,
    ARRAY_AGG(DISTINCT parent_ts IGNORE NULLS) AS parents,
    -- Messages are most of the table's bytes: they are read once, here.
    ARRAY_AGG(STRUCT(notification_id, message) ORDER BY sequence DESC) AS messages,
    COUNTIF(status = 'sent' AND STARTS_WITH(error, 'the parent cannot be edited')) > 0 AS is_said_stuck
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
ORDER BY l.turn;
