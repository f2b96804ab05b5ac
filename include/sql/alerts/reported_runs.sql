-- The failed runs that nobody has read yet, the oldest first: each with the newest word about its DAG, why it was refused
-- where it says so, and how many rows there are about runs, by which who writes knows that none came in between.
-- One row per report.
-- Parameters: @since TIMESTAMP: older rows are left out.
{% from 'alerts/_run_rows.sql' import is_about_runs -%}
WITH
run_rows AS (
  SELECT
    n.*,
    JSON_VALUE(n.told_state, '$.dag_id') AS dag_id
  FROM `{{ dataset }}.notifications` AS n
  WHERE {{ is_about_runs('n') }}
),

newest_words AS (
  SELECT r.*
  FROM run_rows AS r
  WHERE r.reason != 'run_failed'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY r.dag_id ORDER BY r.created_at DESC, r.sequence DESC) = 1
)

SELECT
  r.notification_id,
  r.cycle,
  r.told_state,
  r.created_at,
  (SELECT COUNT(*) FROM run_rows) AS run_rows,
  f.reason AS refusal,
  f.message AS refusal_message,
  IF(
    w.notification_id IS NULL,
    NULL,
    STRUCT(w.notification_id, w.episode_id, w.sequence, w.channel, w.destination, w.told_state, w.created_at)
  ) AS told
FROM run_rows AS r
LEFT JOIN newest_words AS w ON r.dag_id = w.dag_id
LEFT JOIN `{{ dataset }}.limit_sync_refusals` AS f
  ON r.dag_id = 'ped_limits_sync' AND f.sync_id = JSON_VALUE(r.told_state, '$.run_id')
WHERE r.status = 'reported'
QUALIFY ROW_NUMBER() OVER (PARTITION BY r.notification_id ORDER BY r.created_at) = 1
ORDER BY r.created_at, r.notification_id
