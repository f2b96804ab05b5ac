-- What fires now and somebody could take care of: for a person at a shell. One row per episode, by place and subject.
-- Parameters: @api_id, @team_id, @environment, @cluster STRING: NULL for all.
SELECT
  e.episode_id,
  e.kind,
  e.api_id,
  e.team_id,
  e.environment,
  e.cluster,
  e.namespace,
  e.workload_name,
  e.subject,
  e.severity,
  e.measured,
  e.max_replicas,
  e.fired_cycle
FROM `{{ dataset }}.episodes` AS e
WHERE
  e.state IN ('firing', 'recovering')
  AND e.fired_cycle IS NOT NULL
  AND NOT e.is_exempted
  AND (@api_id IS NULL OR e.api_id = @api_id)
  AND (@team_id IS NULL OR e.team_id = @team_id)
  AND (@environment IS NULL OR e.environment = @environment)
  AND (@cluster IS NULL OR e.cluster = @cluster)
ORDER BY e.environment, e.cluster, e.subject
