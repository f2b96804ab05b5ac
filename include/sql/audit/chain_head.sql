-- The head of a label's chain: its hash proves all packs before it. The digest posts it.
-- One row per label, which is asked for.
-- Parameters: @label STRING. No row when there is no pack.
SELECT
  label,
  sequence,
  head_sha256,
  period,
  revision,
  location,
  written_at
FROM `{{ dataset }}.audit_reports`
WHERE label = @label
ORDER BY sequence DESC
LIMIT 1
