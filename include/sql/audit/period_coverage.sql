-- How each expected cluster was seen in each cycle of a period. One row per cycle and expected cluster.
-- Parameters: @period_start, @period_end TIMESTAMP.
SELECT
  cycle,
  cycle_minutes,
  cluster,
  environment,
  status,
  error_class,
  error_message,
  attempt_id,
  deployments_listed,
  statefulsets_listed,
  rollouts_listed,
  hpas_listed,
  not_served,
  is_consistent,
  evidence_object,
  row_count,
  content_sha256
FROM `{{ dataset }}.collection_runs`
WHERE cycle >= @period_start AND cycle < @period_end
ORDER BY cycle, cluster
