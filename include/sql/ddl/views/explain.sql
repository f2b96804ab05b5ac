-- Why did, or didn't, somebody get a message: each verdict with its limit, its episode, and what was told of it.
-- Filter on cycle and api_id.
CREATE OR REPLACE VIEW `{{ dataset }}.explain`
OPTIONS (description = 'Each verdict as it was first judged, with its limit version, episode and notification, or why there was none')
AS
WITH
first_verdicts AS (
  SELECT
    v.*,
    COUNT(*) OVER (PARTITION BY v.cycle, v.fingerprint) AS revisions
  FROM `{{ dataset }}.verdicts` AS v
  WHERE v.cycle >= TIMESTAMP '1970-01-01 00:00:00+00'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY v.cycle, v.fingerprint ORDER BY IF(v.origin = 'live', 0, 1), v.revision) = 1
),

versions AS (
  SELECT h.*
  FROM `{{ dataset }}.limit_history` AS h
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY h.limit_id, h.version ORDER BY h.recorded_from) = 1
),

last_told AS (
  SELECT
    v.cycle AS judged_cycle,
    n.*
  FROM first_verdicts AS v
  INNER JOIN `{{ dataset }}.episodes` AS e ON v.fingerprint = e.fingerprint
  INNER JOIN `{{ dataset }}.notifications` AS n ON e.episode_id = n.episode_id AND n.cycle <= v.cycle
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY v.cycle, n.episode_id ORDER BY n.sequence DESC) = 1
),

joined AS (
  SELECT
    v.cycle,
    v.environment,
    v.cluster,
    v.namespace,
    v.workload_kind,
    v.workload_name,
    v.team_id,
    v.api_id,
    v.subject,
    v.verdict,
    v.reason,
    v.measured,
    v.is_lower_bound,
    v.offender,
    v.max_replicas,
    v.ceiling,
    v.is_over_strict,
    v.surge_allowance,
    v.exemption_id,
    v.limit_id,
    v.limit_version,
    l.valid_from AS limit_valid_from,
    l.approver,
    l.ticket,
    l.source_repo,
    l.source_path,
    l.source_commit,
    v.limits_known_at,
    v.is_limits_stale,
    v.policy_version,
    v.origin,
    v.revisions,
    v.run_id,
    e.episode_id,
    e.started_cycle,
    e.fired_cycle,
    e.resolved_cycle,
    e.end_reason,
    e.is_exempted,
    CASE
      WHEN e.episode_id IS NULL THEN NULL
      WHEN e.resolved_cycle <= v.cycle THEN 'resolved'
      WHEN e.fired_cycle <= v.cycle THEN 'firing'
      ELSE 'pending'
    END AS episode_phase,
    n.cycle AS told_cycle,
    n.reason AS told_reason,
    n.status AS told_status,
    n.channel AS told_channel,
    n.error AS told_error,
    n.sent_at AS told_at
  FROM first_verdicts AS v
  LEFT JOIN versions AS l ON v.limit_id = l.limit_id AND v.limit_version = l.version
  LEFT JOIN `{{ dataset }}.episodes` AS e
    ON
      v.fingerprint = e.fingerprint
      AND v.origin = 'live'
      AND e.started_cycle <= v.cycle
      AND v.cycle <= COALESCE(e.resolved_cycle, IF(e.state = 'inactive', e.last_cycle, v.cycle))
  LEFT JOIN last_told AS n ON v.cycle = n.judged_cycle AND e.episode_id = n.episode_id
)

SELECT
  j.*,
  CASE
    WHEN j.told_cycle = j.cycle AND j.told_status = 'sent' THEN CONCAT('told: ', j.told_reason)
    WHEN j.told_cycle = j.cycle AND j.told_status = 'suppressed' THEN 'not sent: the team is in shadow mode'
    WHEN j.told_cycle = j.cycle AND j.told_status = 'grouped' THEN 'told in the thread of a storm'
    WHEN j.told_cycle = j.cycle AND j.told_status = 'dead' THEN CONCAT('could not be sent: ', COALESCE(j.told_error, '?'))
    WHEN j.told_cycle = j.cycle THEN 'in the outbox, waiting to be sent'
    WHEN j.origin != 'live' THEN 'judged by a backfill, which tells nobody'
    WHEN j.episode_phase = 'firing' AND j.told_cycle IS NOT NULL
      THEN CONCAT('told before (', j.told_reason, '), and nothing has changed since')
    WHEN j.episode_phase = 'firing' THEN 'not told: its cluster was blind, or the run was not allowed to tell'
    WHEN j.episode_phase = 'pending' THEN 'not yet told: it does not fire at the first over'
    WHEN j.episode_phase = 'resolved' THEN 'it had ended, and that had been told'
    WHEN j.verdict = 'over_limit' THEN 'over, and not folded yet: no run has come that far'
    WHEN j.verdict = 'within_limit' THEN 'nothing to tell: within the limit'
    WHEN j.verdict = 'in_grace' THEN 'nothing to tell: a new workload is in grace'
    WHEN j.verdict = 'exempt' THEN 'nothing to tell: an exemption allows it'
    WHEN j.verdict = 'unknown' THEN 'nothing to tell: it could not be seen'
    ELSE CONCAT('nothing to tell: ', REPLACE(j.verdict, '_', ' '), ', which the digest lists')
  END AS explanation
FROM joined AS j
