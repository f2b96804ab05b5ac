-- Teams and APIs that a limit has ever named, or a verdict of the period names: what an audit may be asked for.
-- One row per team and API.
-- Parameters: @period_start, @period_end TIMESTAMP.
SELECT DISTINCT
  team_id,
  api_id
FROM `{{ dataset }}.limit_history`
UNION DISTINCT
SELECT DISTINCT
  team_id,
  api_id
FROM `{{ dataset }}.verdicts`
WHERE cycle >= @period_start AND cycle < @period_end
