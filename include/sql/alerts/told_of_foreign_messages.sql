-- The newest word about each channel in which another environment posts by our app. Asked once a day.
-- One row per channel that something was told of.
SELECT
  n.episode_id,
  n.sequence,
  n.told_state,
  n.channel,
  n.destination,
  JSON_VALUE(n.told_state, '$.in_channel') AS in_channel
FROM `{{ dataset }}.notifications` AS n
WHERE
  n.reason IN ('foreign_messages', 'foreign_messages_over')
  AND n.channel NOT LIKE '%:%'  -- copies follow what Slack is told
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY JSON_VALUE(n.told_state, '$.in_channel') ORDER BY n.created_at DESC, n.sequence DESC
) = 1
