-- The versions of an API's limits, as they are known today: what was granted, by whom, from which commit.
-- One row per version.
-- Parameters: @api_id STRING; @environment STRING: NULL for all.
SELECT
  h.limit_id,
  h.version,
  h.environment,
  h.scope,
  h.max_replicas,
  h.valid_from,
  h.valid_to,
  h.recorded_from,
  h.approver,
  h.ticket,
  h.source_repo,
  h.source_path,
  h.source_commit,
  h.is_deleted,
  h.exemptions
FROM `{{ dataset }}.limit_history` AS h
WHERE
  h.api_id = @api_id
  AND (@environment IS NULL OR h.environment = @environment)
  AND h.recorded_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
ORDER BY h.limit_id ASC, h.valid_from DESC
