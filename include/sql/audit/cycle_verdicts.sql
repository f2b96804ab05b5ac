-- The current revision of every verdict of one cycle, for an evidence pack. One row per subject.
-- Parameters: @cycle TIMESTAMP.
{%- from 'verdicts/_columns.sql' import ledger_columns %}
SELECT
  cycle_minutes,
  {{- ledger_columns(['is_contested', 'limits_known_at', 'members', 'unlabelled']) }},
  origin,
  revision
FROM `{{ dataset }}.verdicts`
WHERE cycle = @cycle
QUALIFY ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY revision DESC) = 1
ORDER BY subject
