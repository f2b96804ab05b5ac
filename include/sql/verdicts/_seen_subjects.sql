{#- CTE: the verdict of every subject that was seen, in each judged cycle. Needs _weighed_subjects.sql.
    One row per cycle and subject. -#}
seen_subjects AS (
  SELECT
    cycle,
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
    -- First that applies (docs/design.md#verdicts); a provable over beats unknown.
    CASE
      WHEN is_lower_bound AND is_proven_over THEN 'over_limit'
      WHEN NOT is_complete THEN 'unknown'
      WHEN left_by = 'labels_removed' THEN 'unlabelled'
      WHEN left_by IS NOT NULL THEN 'no_limit'
      WHEN limit_id IS NULL AND (api_id IS NULL OR team_id IS NULL) THEN 'unlabelled'
      WHEN limit_id IS NULL AND is_limit_invalid THEN 'invalid_limit'
      WHEN limit_id IS NULL THEN 'no_limit'
      WHEN unknown_reason IS NOT NULL THEN 'unknown'
      WHEN is_in_grace THEN 'in_grace'
      WHEN NOT is_over_base THEN 'within_limit'
      WHEN NOT is_over THEN 'exempt'
      ELSE 'over_limit'
    END AS verdict,
    measured,
    running,
    is_lower_bound,
    IF(limit_id IS NULL, NULL, offender) AS offender,
    COALESCE(strict_replicas > max_replicas, FALSE) AS is_over_strict,
    limit_id,
    limit_version,
    max_replicas,
    IF(is_limit_ignored, NULL, IF(exemption_id IS NULL, base_ceiling, exempt_ceiling)) AS ceiling,
    exemption_id,
    is_contested,
    surge_allowance,
    is_past_deadline,
    spec_replicas,
    status_replicas,
    hpa_current_replicas,
    hpa_max_replicas,
    policy_version,
    known_at AS limits_known_at,
    CASE
      WHEN is_lower_bound AND is_proven_over THEN 'lower_bound_over_ceiling'
      WHEN NOT is_complete THEN incomplete_reason
      WHEN left_by IS NOT NULL THEN left_by
      WHEN limit_id IS NULL AND (api_id IS NULL OR team_id IS NULL) THEN 'labels_missing'
      WHEN limit_id IS NULL AND is_limit_invalid THEN 'document_rejected'
      WHEN limit_id IS NULL THEN 'no_limit_matches'
      WHEN unknown_reason IS NOT NULL THEN unknown_reason
      WHEN is_in_grace THEN 'new_workload'
      WHEN is_moved AND scope = 'workload' AND NOT is_over_base THEN 'kind_changed'
      WHEN NOT is_over_base AND is_handed_over THEN 'api_changed'
      WHEN NOT is_over_base AND surge_allowance > 0 AND status_replicas > base_ceiling THEN 'surge_forgiven'
      WHEN NOT is_over_base AND lost_a_cluster THEN 'fewer_clusters'
      WHEN NOT is_over_base THEN 'within_ceiling'
      WHEN NOT is_over THEN 'exemption'
      ELSE 'over_ceiling'
    END AS reason,
    -- Whoever was over and names another API is still looked for; of the others nobody has to be known by name.
    IF(limit_id IS NOT NULL AND (is_over_base OR left_by IS NOT NULL), members, NULL) AS members,
    unlabelled
  FROM proven_subjects
)
