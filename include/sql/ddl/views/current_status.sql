-- What holds now: the current revision of the newest judged cycle of the last day, worst first. One row per subject.
CREATE OR REPLACE VIEW `{{ dataset }}.current_status`
OPTIONS (description = 'Current verdict of every subject, with the episode that is open on it')
AS
WITH
recent_verdicts AS (
  SELECT *
  FROM `{{ dataset }}.verdicts`
  WHERE cycle >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
),

current_revisions AS (
  SELECT *
  FROM recent_verdicts
  WHERE cycle = (SELECT MAX(r.cycle) FROM recent_verdicts AS r WHERE r.origin = 'live')
  QUALIFY ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY revision DESC) = 1
)

SELECT
  v.cycle,
  v.environment,
  v.cluster,
  v.team_id,
  v.api_id,
  v.namespace,
  v.workload_name,
  v.scope,
  v.verdict,
  v.reason,
  v.measured,
  v.max_replicas,
  v.ceiling,
  v.offender,
  v.is_over_strict,
  v.limit_id,
  v.limit_version,
  v.is_limits_stale,
  v.subject,
  e.episode_id,
  e.state AS episode_state,
  e.severity AS episode_severity,
  e.started_cycle AS episode_started_cycle
FROM current_revisions AS v
LEFT JOIN `{{ dataset }}.episodes` AS e
  ON v.fingerprint = e.fingerprint AND e.state IN ('pending', 'firing', 'recovering')
