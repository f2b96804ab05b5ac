-- Judge a period anew as it was known then, as if the policy had had other settings; reads only. Only subjects that were
-- over, or allowed to be, at some time are returned, cycle by cycle, in the order a fold reads them.
-- One row per cycle and subject.
-- Parameters: @period_start, @period_end TIMESTAMP: half-open, UTC; @known_at TIMESTAMP: NULL for "as known then";
--   @tolerance_count INT64; @tolerance_ratio FLOAT64; @grace_minutes, @surge_budget_minutes INT64: NULL for the policy's.
{% set policy_replacement = ' REPLACE ('
  ~ 'COALESCE(@tolerance_count, p.tolerance_count) AS tolerance_count, '
  ~ 'COALESCE(@tolerance_ratio, p.tolerance_ratio) AS tolerance_ratio, '
  ~ 'COALESCE(@grace_minutes, p.grace_minutes) AS grace_minutes, '
  ~ 'COALESCE(@surge_budget_minutes, p.surge_budget_minutes) AS surge_budget_minutes)' %}
{% include 'verdicts/_judged_period.sql' %}
SELECT
  j.*,
  TO_HEX(SHA256(j.subject)) AS fingerprint
FROM judged_period AS j
WHERE j.cycle >= @period_start
QUALIFY COUNTIF(j.verdict IN ('over_limit', 'exempt')) OVER (PARTITION BY j.subject) > 0
ORDER BY j.cycle, j.subject
