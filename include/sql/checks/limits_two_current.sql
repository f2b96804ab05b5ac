-- #fail More or fewer than one row of a limit that is believed now and reaches to the end of time: the newest version.
-- One row per limit.
SELECT
  history.limit_id,
  COUNTIF(
    history.valid_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
    AND history.recorded_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
  ) AS current_rows
FROM
  `{{ dataset }}.limit_history` AS history
GROUP BY
  history.limit_id
HAVING
  current_rows != 1
