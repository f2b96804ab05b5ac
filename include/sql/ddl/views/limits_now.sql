-- The limits in force now, as known now: the read-only look-up for people and pipelines (docs/design.md#d1).
-- One row per limit.
CREATE OR REPLACE VIEW `{{ dataset }}.limits_now`
OPTIONS (description = 'The limit versions in force at this moment')
AS
SELECT *
FROM `{{ dataset }}.limit_history`
WHERE
  valid_from <= CURRENT_TIMESTAMP()
  AND CURRENT_TIMESTAMP() < valid_to
  AND recorded_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
  AND NOT is_deleted
