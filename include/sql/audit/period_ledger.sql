-- What was judged live in a period: the first live revision of every verdict, in the order an audit reads it.
-- Parameters:
--   @period_start TIMESTAMP: first cycle
--   @period_end TIMESTAMP: the first moment that no longer counts
--   @teams ARRAY<STRING>: empty for all
--   @apis ARRAY<STRING>: empty for all
SELECT
  cycle,
  fingerprint,
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
  is_contested,
  surge_allowance,
  is_past_deadline,
  spec_replicas,
  status_replicas,
  hpa_current_replicas,
  hpa_max_replicas,
  policy_version,
  limits_known_at,
  reason
FROM `{{ dataset }}.verdicts`
WHERE
  cycle >= @period_start
  AND cycle < @period_end
  AND origin = 'live'
  AND (ARRAY_LENGTH(@teams) = 0 OR team_id IN UNNEST(@teams))
  AND (ARRAY_LENGTH(@apis) = 0 OR api_id IN UNNEST(@apis))
QUALIFY ROW_NUMBER() OVER (PARTITION BY cycle, fingerprint ORDER BY revision) = 1
ORDER BY cycle, subject
