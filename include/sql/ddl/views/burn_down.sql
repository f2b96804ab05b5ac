-- Violations by day of the last 13 weeks, for BI: sum over days, teams or APIs as you like. Days as they were audited, and
-- what no audit has come to yet as it was judged live. The partition filters are in here; a longer look back is in
-- `subject_days` itself.
CREATE OR REPLACE VIEW `{{ dataset }}.burn_down`
OPTIONS (description = 'Violation-hours per day and API of the last 13 weeks, as audited; the last day or two as judged live')
AS
WITH
{% include 'verdicts/_unaudited_ledger.sql' %},

days AS (
  SELECT
    d.day,
    d.environment,
    d.team_id,
    d.api_id,
    d.judged_cycles,
    d.over_cycles,
    d.strict_cycles,
    d.unknown_cycles,
    d.replica_cycles_over
  FROM `{{ dataset }}.subject_days` AS d
  WHERE d.day >= DATE_SUB(CURRENT_DATE(), INTERVAL 91 DAY)
  UNION ALL
  SELECT
    DATE(v.cycle) AS day,
    v.environment,
    v.team_id,
    v.api_id,
    1 AS judged_cycles,
    IF(v.verdict = 'over_limit', 1, 0) AS over_cycles,
    IF(v.is_over_strict, 1, 0) AS strict_cycles,
    IF(v.verdict = 'unknown', 1, 0) AS unknown_cycles,
    IF(v.verdict = 'over_limit', GREATEST(v.measured - v.max_replicas, 0), 0) AS replica_cycles_over
  FROM unaudited_ledger AS v
)

SELECT
  day,
  DATE_TRUNC(day, ISOWEEK) AS week,
  environment,
  team_id,
  api_id,
  SUM(judged_cycles) AS judged_cycles,
  SUM(over_cycles) AS over_cycles,
  SUM(over_cycles) * 5 / 60 AS violation_hours,
  SUM(strict_cycles) * 5 / 60 AS strict_hours,
  SUM(unknown_cycles) * 5 / 60 AS unknown_hours,
  COALESCE(SUM(replica_cycles_over), 0) * 5 / 60 AS replica_hours_over
FROM days
GROUP BY day, week, environment, team_id, api_id
