-- What was told of some episodes, where, and what became of it; the newest first. One row per notification.
-- Parameters: @episode_ids ARRAY<STRING>.
SELECT
  n.episode_id,
  n.sequence,
  n.cycle,
  n.reason,
  n.destination,
  n.channel,
  n.status,
  n.sent_at,
  n.permalink,
  n.error
FROM `{{ dataset }}.notifications` AS n
WHERE n.episode_id IN UNNEST(@episode_ids)
ORDER BY n.cycle DESC, n.episode_id ASC, n.sequence DESC
