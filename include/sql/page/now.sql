-- Every subject as it was judged in a cycle, with the episode that is open on it and what was last told of that.
-- One row per subject.
-- Parameters: @cycle TIMESTAMP: the newest that was folded, so that an hour of verdicts is read and no more.
WITH
judged AS (
  SELECT
    v.subject,
    v.scope,
    v.environment,
    v.cluster,
    v.team_id,
    v.api_id,
    v.verdict,
    v.reason,
    v.measured,
    v.running,
    v.is_lower_bound,
    v.max_replicas,
    v.ceiling
  FROM `{{ dataset }}.verdicts` AS v
  WHERE v.cycle = @cycle
  QUALIFY ROW_NUMBER() OVER (PARTITION BY v.subject ORDER BY v.revision DESC) = 1
),

{% include 'page/_last_told.sql' %}

SELECT
  j.*,
  e.episode_id,
  e.state AS episode_state,
  e.severity,
  e.started_cycle,
  n.cycle AS told_cycle,
  n.reason AS told_reason,
  n.status AS told_status,
  n.channel AS told_channel
FROM judged AS j
LEFT JOIN `{{ dataset }}.episodes` AS e
  ON j.subject = e.subject AND e.kind = 'over_limit' AND e.state IN ('pending', 'firing', 'recovering')
LEFT JOIN last_told AS n ON e.episode_id = n.episode_id
ORDER BY j.subject, e.episode_id
