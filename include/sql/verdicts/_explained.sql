{#- One row per cycle and subject, as first judged: limit version, episode, and what Slack was last told by then.
    `judged` is the condition on verdicts AS v; windows have its cycle, joins have it on their left: a reader's reaches it. -#}
{%- from 'limits/_document_id.sql' import document_id %}
WITH
{% include 'verdicts/_first_verdicts.sql' %},

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
    v.running,
    v.is_lower_bound,
    v.offender,
    v.max_replicas,
    v.ceiling,
    v.is_over_strict,
    v.surge_allowance,
    v.is_past_deadline,
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
    n.sent_at AS told_at,
    r.reason AS rejection
  FROM first_verdicts AS v
  LEFT JOIN versions AS l ON v.limit_id = l.limit_id AND v.limit_version = l.version
  LEFT JOIN `{{ dataset }}.episodes` AS e
    ON
      v.fingerprint = e.fingerprint
      AND v.origin = 'live'
      AND e.started_cycle <= v.cycle
      AND v.cycle <= COALESCE(e.resolved_cycle, IF(e.state = 'inactive', e.last_cycle, v.cycle))
  LEFT JOIN `{{ dataset }}.notifications` AS n
    ON e.episode_id = n.episode_id AND n.cycle <= v.cycle AND n.channel NOT LIKE '%:%'
  -- What was wrong with the document then: where there was no other limit, and where the version before stayed in force.
  LEFT JOIN `{{ dataset }}.limit_rejections` AS r
    ON
      r.document_id = COALESCE(v.limit_id, {{ document_id('v') }})
      AND r.first_seen <= v.limits_known_at
      AND (r.is_current OR v.limits_known_at <= r.last_seen)
  WHERE TRUE
  QUALIFY
    ROW_NUMBER() OVER (
      PARTITION BY v.cycle, v.fingerprint, e.episode_id ORDER BY n.sequence DESC, r.first_seen DESC, r.reason ASC
    ) = 1
)

SELECT
  j.*,
  {% include 'verdicts/_explanation.sql' %} AS explanation
FROM joined AS j
