-- Outbox rows that belong to no fold: digests, failed DAGs. Written again they change nothing.
-- Writes one row per notification; returns none.
-- Parameters: @created_at TIMESTAMP; @run_id STRING; @notifications ARRAY<STRUCT<notification_id STRING, episode_id
-- STRING, sequence INT64, team_id STRING, cycle TIMESTAMP, reason STRING, destination STRING, channel STRING,
-- told_state STRING, message STRING, status STRING, told_by STRING>>.
{% from 'alerts/_add_notifications.sql' import add_notifications -%}
MERGE `{{ dataset }}.notifications` AS known
USING (SELECT n.* FROM UNNEST(@notifications) AS n) AS told
  ON known.notification_id = told.notification_id
{{ add_notifications('@created_at') }}
