-- Why a run of the limit sync was refused; no row when it was not.
-- Parameters: @sync_id STRING: its run id.
SELECT
  refusals.reason,
  refusals.message
FROM
  `{{ dataset }}.limit_sync_refusals` AS refusals
WHERE
  refusals.sync_id = @sync_id
