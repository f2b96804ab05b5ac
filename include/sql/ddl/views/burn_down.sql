{%- from 'verdicts/_subject_days.sql' import subject_days with context -%}
-- Violations by day of the last 13 weeks, for BI: sum over days, teams or APIs as you like. Days as they were audited, and
-- what no audit has come to yet as it was judged live. The partition filters are in here; a longer look back is in
-- `subject_days` itself. One row per day, environment, team and API.
CREATE OR REPLACE VIEW `{{ dataset }}.burn_down`
OPTIONS (description = 'Violation-hours per day and API of the last 13 weeks, as audited; the last day or two as judged live')
AS
WITH
{{ subject_days('days', 91, [
  'day', 'environment', 'team_id', 'api_id', 'judged_cycles', 'over_cycles', 'strict_cycles', 'unknown_cycles',
  'over_minutes', 'strict_minutes', 'unknown_minutes', 'replica_minutes_over'
]) }}

SELECT
  day,
  DATE_TRUNC(day, ISOWEEK) AS week,
  environment,
  team_id,
  api_id,
  SUM(judged_cycles) AS judged_cycles,
  SUM(over_cycles) AS over_cycles,
  SUM(over_minutes) / 60 AS violation_hours,
  SUM(strict_minutes) / 60 AS strict_hours,
  SUM(unknown_minutes) / 60 AS unknown_hours,
  COALESCE(SUM(replica_minutes_over), 0) / 60 AS replica_hours_over
FROM days
GROUP BY day, week, environment, team_id, api_id
