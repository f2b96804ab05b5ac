-- Problems that have not ended, the longest first in the reader's ORDER BY started_cycle. One row per episode.
CREATE OR REPLACE VIEW `{{ dataset }}.open_episodes`
OPTIONS (description = 'Episodes that are pending, firing or recovering, with what was last told of them')
AS
SELECT
  e.episode_id,
  e.kind,
  e.state,
  e.severity,
  e.is_exempted,
  e.is_blind,
  e.environment,
  e.cluster,
  e.team_id,
  e.api_id,
  e.subject,
  e.measured,
  e.max_replicas,
  e.peak_measured,
  e.started_cycle,
  e.fired_cycle,
  -- A row is written when something changes; until the cursor all stayed as it says.
  GREATEST(
    e.last_cycle, COALESCE((SELECT MAX(c.cycle) FROM `{{ dataset }}.fold_cursor` AS c WHERE c.name = 'live'), e.last_cycle)
  ) AS last_cycle,
  n.reason AS last_told,
  n.status AS last_told_status,
  n.channel,
  n.parent_ts
FROM `{{ dataset }}.episodes` AS e
LEFT JOIN (
  SELECT *
  FROM `{{ dataset }}.notifications`
  WHERE channel NOT LIKE '%:%'  -- copies by mail or webhook follow what Slack is told
  QUALIFY ROW_NUMBER() OVER (PARTITION BY episode_id ORDER BY sequence DESC) = 1
) AS n ON e.episode_id = n.episode_id
WHERE e.state IN ('pending', 'firing', 'recovering')
