-- What was last told of a DAG: its newest failure or recovery; no row when there was none.
-- Parameters: @dag_id STRING.
SELECT
  n.episode_id,
  n.sequence,
  n.channel,
  n.destination,
  n.told_state
FROM `{{ dataset }}.notifications` AS n
WHERE
  n.reason IN ('dag_failed', 'dag_recovered')
  AND JSON_VALUE(n.told_state, '$.dag_id') = @dag_id
  AND n.channel NOT LIKE '%:%'
ORDER BY n.created_at DESC, n.sequence DESC
LIMIT 1
