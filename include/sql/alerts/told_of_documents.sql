-- The newest word about documents of limits that are, or were, not valid. Asked only when their standing has changed.
-- One row per document that something was told of.
-- Parameters: @document_ids ARRAY<STRING>.
SELECT
  n.episode_id,
  n.sequence,
  n.told_state,
  n.channel,
  n.destination,
  JSON_VALUE(n.told_state, '$.document_id') AS document_id
FROM `{{ dataset }}.notifications` AS n
WHERE
  n.reason IN ('limit_rejected', 'limit_accepted')
  AND n.channel NOT LIKE '%:%'  -- copies follow what Slack is told
  AND JSON_VALUE(n.told_state, '$.document_id') IN UNNEST(@document_ids)
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY JSON_VALUE(n.told_state, '$.document_id') ORDER BY n.created_at DESC, n.sequence DESC
) = 1
