-- Problems that go on, or ended since a moment, and what was last told of each; those that never fired are left out.
-- One row per episode.
-- Parameters: @since TIMESTAMP; @api_id, @environment STRING: NULL for all.
WITH
{% include 'page/_last_told.sql' %}

SELECT
  e.episode_id,
  e.kind,
  e.subject,
  e.environment,
  e.cluster,
  e.team_id,
  e.api_id,
  e.state,
  e.severity,
  e.is_exempted,
  e.is_blind,
  e.started_cycle,
  e.fired_cycle,
  e.resolved_cycle,
  e.measured,
  e.max_replicas,
  e.peak_measured,
  e.end_reason,
  n.cycle AS told_cycle,
  n.reason AS told_reason,
  n.status AS told_status,
  n.channel AS told_channel,
  a.acknowledged_by,
  a.acknowledged_at
FROM `{{ dataset }}.episodes` AS e
LEFT JOIN last_told AS n ON e.episode_id = n.episode_id
LEFT JOIN (
  SELECT
    k.episode_id,
    k.acknowledged_by,
    k.acknowledged_at
  FROM `{{ dataset }}.acknowledgements` AS k
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY k.episode_id ORDER BY k.acknowledged_at DESC) = 1
) AS a ON e.episode_id = a.episode_id
WHERE
  (e.state IN ('pending', 'firing', 'recovering') OR (e.state = 'resolved' AND e.resolved_cycle >= @since))
  AND (@api_id IS NULL OR e.api_id = @api_id)
  AND (@environment IS NULL OR e.environment = @environment)
ORDER BY e.resolved_cycle IS NOT NULL, COALESCE(e.resolved_cycle, e.started_cycle) DESC, e.subject
