-- An API's subjects cycle by cycle, as they were judged live: what no audit has come to yet. One row per subject
-- and cycle.
-- Parameters: @api_id STRING; @environment STRING: NULL for all; @period_start, @period_end TIMESTAMP: the end excluded.
SELECT
  v.subject,
  v.cycle,
  v.cycle_minutes,
  v.verdict,
  v.measured,
  v.max_replicas,
  v.ceiling,
  v.exemption_id,
  v.surge_allowance,
  v.is_lower_bound
FROM `{{ dataset }}.verdicts` AS v
WHERE
  v.cycle >= @period_start
  AND v.cycle < @period_end
  AND v.origin = 'live'
  AND v.api_id = @api_id
  AND (@environment IS NULL OR v.environment = @environment)
QUALIFY ROW_NUMBER() OVER (PARTITION BY v.cycle, v.subject ORDER BY v.revision) = 1
ORDER BY v.subject, v.cycle
