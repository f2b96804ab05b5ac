-- Everything believed now about every limit, newest belief only: what a sync compares Firestore with, and where it
-- takes the rows from that a new version closes.
SELECT
  history.*
FROM
  `{{ dataset }}.limit_history` AS history
WHERE
  history.recorded_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
ORDER BY
  history.limit_id,
  history.valid_from
