-- An API's subjects day by day, run-length coded, as they were audited. One row per subject and day.
-- Parameters: @api_id STRING; @environment, @team_id STRING: NULL for all; @first_day, @last_day DATE: both included.
SELECT
  d.subject,
  d.runs
FROM `{{ dataset }}.subject_days` AS d
WHERE
  d.day >= @first_day
  AND d.day <= @last_day
  AND (@team_id IS NULL OR d.team_id = @team_id)
  AND d.api_id = @api_id
  AND (@environment IS NULL OR d.environment = @environment)
ORDER BY d.subject, d.day
