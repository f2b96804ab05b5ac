-- #fail Entries of a chain of evidence that do not follow the one before them, or have a number twice: a row was changed,
-- added or removed by hand; audit verify says what the bucket holds. One row per entry that does not follow.
SELECT
  entries.label,
  entries.sequence,
  entries.head_sha256,
  entries.previous_head_sha256
FROM `{{ dataset }}.audit_reports` AS entries
WHERE TRUE
QUALIFY
  ROW_NUMBER() OVER (PARTITION BY entries.label ORDER BY entries.sequence, entries.head_sha256) != entries.sequence
  OR COALESCE(entries.previous_head_sha256, 'none') != COALESCE(
    LAG(entries.head_sha256) OVER (PARTITION BY entries.label ORDER BY entries.sequence, entries.head_sha256), 'none'
  )
