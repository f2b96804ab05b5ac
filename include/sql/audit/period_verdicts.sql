-- The recomputed verdicts of a period for an audit, of some teams or APIs or of all, in the order an audit reads them.
-- Parameters:
--   @period_start TIMESTAMP: first cycle
--   @period_end TIMESTAMP: the first moment that no longer counts
--   @known_at TIMESTAMP: NULL for as known then, by the live run of each cycle
--   @teams ARRAY<STRING>: empty for all
--   @apis ARRAY<STRING>: empty for all
SELECT *
FROM (
  {% include 'verdicts/judge_period.sql' %}
) AS judged
WHERE
  (ARRAY_LENGTH(@teams) = 0 OR judged.team_id IN UNNEST(@teams))
  AND (ARRAY_LENGTH(@apis) = 0 OR judged.api_id IN UNNEST(@apis))
ORDER BY judged.cycle, judged.subject
