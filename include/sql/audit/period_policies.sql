-- The policy versions that held at some time of a period: what episodes are folded by, and who changed them.
-- One row per version and team or API that has settings of its own, and one for the defaults.
-- Parameters: @period_start, @period_end TIMESTAMP.
SELECT
  policy_version,
  valid_from,
  valid_to,
  team_id,
  api_id,
  tolerance_count,
  tolerance_ratio,
  grace_minutes,
  surge_budget_minutes,
  for_observations,
  window_observations,
  clear_observations,
  gross_ratio,
  gross_count,
  critical_ratio,
  approvers,
  advisories,
  retired_clusters,
  suppressed_teams,
  commits
FROM `{{ dataset }}.policy_history`
WHERE valid_from < @period_end AND @period_start < valid_to
ORDER BY valid_from, policy_version, team_id, api_id
