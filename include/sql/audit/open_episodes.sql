-- Live episodes that were open at a moment: what an audit's fold begins with. Only what never changes later is read.
-- One row per episode, the oldest first.
-- Parameters:
--   @moment TIMESTAMP: when the fold begins
--   @teams ARRAY<STRING>: empty for all
--   @apis ARRAY<STRING>: empty for all
SELECT
  episode_id,
  fingerprint,
  subject,
  kind,
  scope,
  environment,
  cluster,
  team_id,
  api_id,
  limit_id,
  started_cycle,
  fired_cycle
FROM `{{ dataset }}.episodes`
WHERE
  started_cycle < @moment
  AND kind IN ('over_limit', 'blind_cluster', 'unaccepted_cluster', 'relabelled')
  -- An episode that never fired ended with the last cycle it was folded in.
  AND COALESCE(resolved_cycle, IF(state = 'inactive', last_cycle, NULL), @moment) >= @moment
  AND (kind != 'over_limit' OR ARRAY_LENGTH(@teams) = 0 OR team_id IN UNNEST(@teams))
  AND (kind != 'over_limit' OR ARRAY_LENGTH(@apis) = 0 OR api_id IN UNNEST(@apis))
ORDER BY started_cycle, fingerprint
