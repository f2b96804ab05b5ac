-- Violations by day of the last 13 weeks, as judged live, for BI: sum over days, teams or APIs as you like.
-- The partition filter that `verdicts` requires is in here; a longer look back is what audits are for.
CREATE OR REPLACE VIEW `{{ dataset }}.burn_down`
OPTIONS (description = 'Violation-hours per day and API of the last 13 weeks, from the live ledger')
AS
WITH
live_ledger AS (
  SELECT *
  FROM `{{ dataset }}.verdicts`
  WHERE origin = 'live' AND cycle >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 91 DAY)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY cycle, fingerprint ORDER BY revision) = 1
)

SELECT
  DATE(cycle) AS day,
  DATE_TRUNC(DATE(cycle), ISOWEEK) AS week,
  environment,
  team_id,
  api_id,
  COUNT(*) AS judged_cycles,
  COUNTIF(verdict = 'over_limit') AS over_cycles,
  COUNTIF(verdict = 'over_limit') * 5 / 60 AS violation_hours,
  COUNTIF(is_over_strict) * 5 / 60 AS strict_hours,
  COUNTIF(verdict = 'unknown') * 5 / 60 AS unknown_hours,
  COALESCE(SUM(IF(verdict = 'over_limit', GREATEST(measured - max_replicas, 0), 0)), 0) * 5 / 60 AS replica_hours_over
FROM live_ledger
GROUP BY day, week, environment, team_id, api_id
