-- Everything believed now of some limits: the rows that a new version of them closes or cuts short.
-- One row per limit and range of valid time.
-- Parameters:
--   @limit_ids ARRAY<STRING>: the limits
SELECT
  history.*
FROM
  `{{ dataset }}.limit_history` AS history
WHERE
  history.recorded_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
  AND history.limit_id IN UNNEST(@limit_ids)
