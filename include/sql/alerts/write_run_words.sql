-- Outbox rows about runs and their silence, and the reports that they settle: all of them, or none where a row about runs
-- came since what they follow from was read. Whoever reads next starts from there, so that two at once end as one.
-- Writes one row per notification; returns none.
-- Parameters: @run_id STRING; @since TIMESTAMP; @run_rows INT64: how many rows were about runs from then on; @notifications
-- ARRAY<STRUCT<notification_id STRING, episode_id STRING, sequence INT64, team_id STRING, cycle TIMESTAMP, reason STRING,
-- destination STRING, channel STRING, told_state STRING, message STRING, status STRING, told_by STRING, created_at
-- TIMESTAMP>>.
{% from 'alerts/_add_notifications.sql' import add_notifications -%}
{% from 'alerts/_run_rows.sql' import is_about_runs -%}
MERGE `{{ dataset }}.notifications` AS known
USING (
  SELECT t.*
  FROM UNNEST(@notifications) AS t
  WHERE @run_rows = (SELECT COUNT(*) FROM `{{ dataset }}.notifications` AS n WHERE {{ is_about_runs('n') }})
) AS told
  ON known.notification_id = told.notification_id
WHEN MATCHED AND known.status = 'reported' THEN
  UPDATE SET status = told.status, told_by = told.told_by
{{ add_notifications('told.created_at') }}
