-- When each DAG last finished a live run, for the doctor: one row per DAG that did. UTC.
-- Parameters: @since TIMESTAMP: before it nothing is looked for.
SELECT
  b.dag_id,
  MAX(b.finished_at) AS finished_at
FROM `{{ dataset }}.heartbeats` AS b
WHERE b.cycle > @since AND b.origin = 'live'
GROUP BY b.dag_id
ORDER BY b.dag_id
