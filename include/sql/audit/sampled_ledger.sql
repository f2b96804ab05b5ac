-- What the ledger has of one subject in one cycle: every revision, live and backfilled, the oldest first.
-- One row per revision.
-- Parameters: @cycle TIMESTAMP; @fingerprint STRING.
{%- from 'verdicts/_columns.sql' import ledger_columns %}
SELECT
  v.cycle_minutes,
  v.fingerprint,
  {{- ledger_columns([]) }},
  v.is_limits_stale,
  v.origin,
  v.revision,
  v.content_sha256,
  v.computed_at,
  v.run_id
FROM `{{ dataset }}.verdicts` AS v
WHERE v.cycle = @cycle AND v.fingerprint = @fingerprint
ORDER BY v.revision
