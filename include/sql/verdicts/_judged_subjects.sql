{#- CTEs: the verdict of every subject that was seen, in each judged cycle. Needs _matched_limits.sql; ends in
    `seen_subjects`. -#}
{%- from 'limits/_holds.sql' import holds -%}
{%- from 'verdicts/_period.sql' import api_policies -%}
{%- from 'verdicts/_selectors.sql' import selects -%}
summed_subjects AS (
  SELECT
    w.cycle,
    CASE COALESCE(w.limit_scope, 'workload')
      WHEN 'cluster' THEN CONCAT('cluster/', w.limit_id, '/', w.cluster)
      WHEN 'total' THEN CONCAT('total/', w.limit_id)
      ELSE CONCAT(
        'workload/', w.environment, '/', w.cluster, '/', w.namespace, '/', w.workload_kind, '/', w.workload_name
      )
    END AS subject,
    COALESCE(ANY_VALUE(w.limit_scope), 'workload') AS scope,
    ANY_VALUE(w.environment) AS environment,
    IF(ANY_VALUE(w.limit_scope) = 'total', NULL, ANY_VALUE(w.cluster)) AS cluster,
    IF(MIN(w.namespace) = MAX(w.namespace), MAX(w.namespace), NULL) AS namespace,
    IF(MIN(w.workload_kind) = MAX(w.workload_kind), MAX(w.workload_kind), NULL) AS workload_kind,
    -- Of several workloads, one that lost its labels is named: the ledger remembers by it whose it was.
    IF(COUNT(*) = 1, MAX(w.workload_name), MAX(IF(w.is_label_lost, w.workload_name, NULL))) AS workload_name,
    COUNT(*) AS workload_count,
    ANY_VALUE(w.subject_api_id) AS api_id,
    ANY_VALUE(w.subject_team_id) AS team_id,
    ANY_VALUE(w.limit_id) AS limit_id,
    ANY_VALUE(w.limit_version) AS limit_version,
    ANY_VALUE(w.max_replicas) AS max_replicas,
    ANY_VALUE(w.policy_version) AS policy_version,
    ANY_VALUE(w.known_at) AS known_at,
    SUM(IF(w.is_label_lost, 0, w.measured)) AS measured,
    SUM(IF(w.is_label_lost OR w.is_new, 0, w.measured)) AS measured_settled,
    SUM(IF(w.is_label_lost, 0, w.running)) AS running,
    SUM(w.surge_allowance) AS surge_allowance,
    SUM(w.spec_replicas) AS spec_replicas,
    SUM(w.status_replicas) AS status_replicas,
    SUM(w.hpa_current_replicas) AS hpa_current_replicas,
    SUM(w.hpa_max_replicas) AS hpa_max_replicas,
    LOGICAL_AND(w.is_new) AS is_all_new,
    LOGICAL_OR(w.is_label_lost) AS has_lost_labels,
    LOGICAL_OR(w.is_contested) AS is_contested,
    -- Of several workloads the one with most pods names the offender.
    IF(
      MAX(IF(w.offender = 'hpa', w.measured, -1)) > MAX(IF(w.offender = 'deployment', w.measured, -1)),
      'hpa',
      'deployment'
    ) AS offender
  FROM matched_workloads AS w
  GROUP BY w.cycle, subject
),

total_completeness AS (
  -- A total is complete only when every cluster it could run in was seen whole.
  SELECT
    s.cycle,
    CONCAT('total/', l.limit_id) AS subject,
    LOGICAL_AND(s.is_complete) AS is_complete
  FROM considered_limits AS l
  INNER JOIN cluster_states AS s ON l.environment = s.environment AND {{ holds('l', 's.cycle', 's.known_at') }}
  WHERE l.scope = 'total' AND {{ selects('l.selectors.cluster', 's.cluster') }}
  GROUP BY s.cycle, l.limit_id
),

subject_policies AS (
  {{ api_policies('summed_subjects') }}
),

rejected_documents AS (
  -- Documents that never had a valid version: their APIs have an invalid limit, not none.
  SELECT DISTINCT
    c.cycle,
    r.document_id
  FROM `{{ dataset }}.limit_rejections` AS r
  INNER JOIN judged_cycles AS c ON r.first_seen <= c.known_at AND (r.is_current OR c.known_at <= r.last_seen)
  WHERE NOT r.has_previous_limit
),

tolerated_subjects AS (
  SELECT
    x.*,
    x.max_replicas
    + GREATEST(p.tolerance_count, CAST(FLOOR(x.max_replicas * p.tolerance_ratio) AS INT64)) AS base_ceiling
  FROM summed_subjects AS x
  INNER JOIN subject_policies AS p
    ON
      x.policy_version = p.policy_version
      AND x.team_id IS NOT DISTINCT FROM p.for_team_id
      AND x.api_id IS NOT DISTINCT FROM p.for_api_id
),

weighed_subjects AS (
  SELECT
    x.*,
    e.exemption_id,
    COALESCE(e.is_limit_ignored, FALSE) AS is_limit_ignored,
    GREATEST(x.base_ceiling, COALESCE(e.exempt_replicas, 0)) AS exempt_ceiling,
    COALESCE(t.is_complete, s.is_complete, FALSE) AS is_complete,
    COALESCE(CONCAT('cluster_', s.status), 'cluster_incomplete') AS incomplete_reason,
    r.document_id IS NOT NULL AS is_limit_invalid,
    x.measured > x.base_ceiling AS is_over_base,
    -- In grace: all is new, or it is only the new workloads that carry the sum over the ceiling.
    x.is_all_new OR (x.measured > x.base_ceiling AND x.measured_settled <= x.base_ceiling) AS is_in_grace
  FROM tolerated_subjects AS x
  LEFT JOIN exemptions_in_force AS e ON x.cycle = e.cycle AND x.limit_id = e.limit_id
  LEFT JOIN cluster_states AS s ON x.cycle = s.cycle AND x.cluster = s.cluster
  LEFT JOIN total_completeness AS t ON x.cycle = t.cycle AND x.subject = t.subject
  LEFT JOIN rejected_documents AS r
    ON
      x.limit_id IS NULL
      AND x.cycle = r.cycle
      AND r.document_id = CONCAT(x.environment, '.', x.team_id, '.', x.api_id)
),

proven_subjects AS (
  SELECT
    x.*,
    x.is_over_base AND x.measured > x.exempt_ceiling AND NOT x.is_limit_ignored AS is_over,
    -- A partial sum is a lower bound: it may prove "over", never "within" (DESIGN D5).
    NOT x.is_complete OR x.has_lost_labels AS is_lower_bound,
    COALESCE(x.is_over_base AND x.measured > x.exempt_ceiling AND NOT x.is_limit_ignored, FALSE)
    AND NOT x.is_in_grace AS is_proven_over
  FROM weighed_subjects AS x
),

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
    -- First that applies (DESIGN section 5); a provable over beats unknown.
    CASE
      WHEN is_lower_bound AND is_proven_over THEN 'over_limit'
      WHEN NOT is_complete THEN 'unknown'
      WHEN has_lost_labels THEN 'unlabelled'
      WHEN limit_id IS NULL AND (api_id IS NULL OR team_id IS NULL) THEN 'unlabelled'
      WHEN limit_id IS NULL AND is_limit_invalid THEN 'invalid_limit'
      WHEN limit_id IS NULL THEN 'no_limit'
      WHEN is_in_grace THEN 'in_grace'
      WHEN NOT is_over_base THEN 'within_limit'
      WHEN NOT is_over THEN 'exempt'
      ELSE 'over_limit'
    END AS verdict,
    measured,
    is_lower_bound,
    IF(limit_id IS NULL, NULL, offender) AS offender,
    COALESCE(running > max_replicas, FALSE) AS is_over_strict,
    limit_id,
    limit_version,
    max_replicas,
    IF(is_limit_ignored, NULL, IF(exemption_id IS NULL, base_ceiling, exempt_ceiling)) AS ceiling,
    exemption_id,
    is_contested,
    surge_allowance,
    spec_replicas,
    status_replicas,
    hpa_current_replicas,
    hpa_max_replicas,
    policy_version,
    known_at AS limits_known_at,
    CASE
      WHEN is_lower_bound AND is_proven_over THEN 'lower_bound_over_ceiling'
      WHEN NOT is_complete THEN incomplete_reason
      WHEN has_lost_labels THEN 'labels_removed'
      WHEN limit_id IS NULL AND (api_id IS NULL OR team_id IS NULL) THEN 'labels_missing'
      WHEN limit_id IS NULL AND is_limit_invalid THEN 'document_rejected'
      WHEN limit_id IS NULL THEN 'no_limit_matches'
      WHEN is_in_grace THEN 'new_workload'
      WHEN NOT is_over_base AND surge_allowance > 0 AND status_replicas > base_ceiling THEN 'surge_forgiven'
      WHEN NOT is_over_base THEN 'within_ceiling'
      WHEN NOT is_over THEN 'exemption'
      ELSE 'over_ceiling'
    END AS reason
  FROM proven_subjects
)
