-- #fail Ranges that end before they begin, or are empty: no moment would ever find them. One row per range.
SELECT
  history.limit_id,
  history.version,
  history.valid_from,
  history.valid_to,
  history.recorded_from,
  history.recorded_to
FROM
  `{{ dataset }}.limit_history` AS history
WHERE
  history.valid_from >= history.valid_to
  OR history.recorded_from >= history.recorded_to
