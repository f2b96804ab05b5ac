-- The recomputed verdicts of a period for an audit, of some teams or APIs or of all, in the order an audit reads them.
-- One row per cycle and subject.
-- Parameters:
--   @period_start TIMESTAMP: first cycle
--   @period_end TIMESTAMP: the first moment that no longer counts
--   @known_at TIMESTAMP: NULL for as known then, by the live run of each cycle
--   @teams ARRAY<STRING>: empty for all
--   @apis ARRAY<STRING>: empty for all
{% include 'verdicts/_judged_period.sql' %}
SELECT
  j.*,
  TO_HEX(SHA256(j.subject)) AS fingerprint
FROM judged_period AS j
WHERE
  j.cycle >= @period_start
  AND (ARRAY_LENGTH(@teams) = 0 OR j.team_id IN UNNEST(@teams))
  AND (ARRAY_LENGTH(@apis) = 0 OR j.api_id IN UNNEST(@apis))
ORDER BY j.cycle, j.subject
