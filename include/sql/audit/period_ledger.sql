-- What was judged live in a period: the first live revision of every verdict, in the order an audit reads it.
-- One row per cycle and subject.
-- Parameters:
--   @period_start TIMESTAMP: first cycle
--   @period_end TIMESTAMP: the first moment that no longer counts
--   @teams ARRAY<STRING>: empty for all
--   @apis ARRAY<STRING>: empty for all
{%- from 'verdicts/_columns.sql' import ledger_columns %}
SELECT
  fingerprint,
  cycle_minutes,
  {{- ledger_columns(['members', 'unlabelled']) }}
FROM `{{ dataset }}.verdicts`
WHERE
  cycle >= @period_start
  AND cycle < @period_end
  AND origin = 'live'
  AND (ARRAY_LENGTH(@teams) = 0 OR team_id IN UNNEST(@teams))
  AND (ARRAY_LENGTH(@apis) = 0 OR api_id IN UNNEST(@apis))
QUALIFY ROW_NUMBER() OVER (PARTITION BY cycle, fingerprint ORDER BY revision) = 1
ORDER BY cycle, subject
