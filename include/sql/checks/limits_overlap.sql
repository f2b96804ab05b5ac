-- #fail Two rows of one limit that overlap in valid time and in recorded time: the as-of rule would find both.
-- One row per pair of rows.
SELECT
  one.limit_id,
  one.version AS one_version,
  other.version AS other_version,
  GREATEST(one.valid_from, other.valid_from) AS both_valid_from,
  GREATEST(one.recorded_from, other.recorded_from) AS both_recorded_from
FROM
  `{{ dataset }}.limit_history` AS one
INNER JOIN
  `{{ dataset }}.limit_history` AS other
  ON
    one.limit_id = other.limit_id
    AND (
      one.version < other.version
      -- The same version cut short later: its rows must not overlap either.
      OR (one.version = other.version AND one.recorded_from < other.recorded_from)
    )
    AND one.valid_from < other.valid_to
    AND other.valid_from < one.valid_to
    AND one.recorded_from < other.recorded_to
    AND other.recorded_from < one.recorded_to
UNION ALL
-- A version has one row for each time it was recorded; the same row twice cannot be told apart by joining.
SELECT
  history.limit_id,
  history.version AS one_version,
  history.version AS other_version,
  MAX(history.valid_from) AS both_valid_from,
  history.recorded_from AS both_recorded_from
FROM
  `{{ dataset }}.limit_history` AS history
GROUP BY
  history.limit_id,
  history.version,
  history.recorded_from
HAVING
  COUNT(*) > 1
