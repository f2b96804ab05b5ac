-- An API's subjects day by day, run-length coded, as the newest audit of each day counted them. One row per subject and
-- day. The bucket is the partition that is read: without it, all APIs' would be.
-- Parameters: @api_bucket INT64: where the API lies; @api_id STRING; @environment, @team_id STRING: NULL for all;
--   @first_day, @last_day DATE: both included.
SELECT
  d.subject,
  d.runs
FROM `{{ dataset }}.subject_stretches` AS d
WHERE
  d.api_bucket = @api_bucket
  AND d.day >= @first_day
  AND d.day <= @last_day
  AND d.api_id = @api_id
  AND (@team_id IS NULL OR d.team_id = @team_id)
  AND (@environment IS NULL OR d.environment = @environment)
QUALIFY d.audited_at = MAX(d.audited_at) OVER (PARTITION BY d.day)
ORDER BY d.subject, d.day
