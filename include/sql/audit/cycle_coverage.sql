-- How each expected cluster was seen in one cycle, for an evidence pack.
-- Parameters: @cycle TIMESTAMP.
SELECT
  cycle,
  cluster,
  environment,
  status,
  error_class,
  error_message,
  attempt_id,
  deployments_listed,
  hpas_listed,
  is_consistent,
  evidence_object,
  row_count,
  content_sha256
FROM `{{ dataset }}.collection_runs`
WHERE cycle = @cycle
ORDER BY cluster
