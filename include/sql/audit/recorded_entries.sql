-- What is recorded of the chain of a label, in its order. One row per entry.
-- Parameters: @label STRING.
SELECT
  sequence,
  head_sha256,
  period,
  revision
FROM `{{ dataset }}.audit_reports`
WHERE label = @label
ORDER BY sequence
