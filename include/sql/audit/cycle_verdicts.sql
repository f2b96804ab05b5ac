-- The current revision of every verdict of one cycle, for an evidence pack.
-- Parameters: @cycle TIMESTAMP.
SELECT
  cycle,
  subject,
  scope,
  environment,
  cluster,
  namespace,
  workload_kind,
  workload_name,
  workload_count,
  api_id,
  team_id,
  verdict,
  measured,
  running,
  is_lower_bound,
  offender,
  is_over_strict,
  limit_id,
  limit_version,
  max_replicas,
  ceiling,
  exemption_id,
  surge_allowance,
  is_past_deadline,
  spec_replicas,
  status_replicas,
  hpa_current_replicas,
  hpa_max_replicas,
  policy_version,
  reason,
  origin,
  revision
FROM `{{ dataset }}.verdicts`
WHERE cycle = @cycle
QUALIFY ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY revision DESC) = 1
ORDER BY subject
