{#- CTEs: the verdict of every subject of @cycle. Needs matched_limits.sql; ends in `judged_subjects`. -#}
{%- from 'verdicts/_selectors.sql' import selects -%}
{%- set incomplete_reason = "CONCAT('cluster_', s.status)" -%}
keyed_workloads AS (
  SELECT
    w.*,
    CASE COALESCE(w.limit_scope, 'workload')
      WHEN 'cluster' THEN CONCAT('cluster/', w.limit_id, '/', w.cluster)
      WHEN 'total' THEN CONCAT('total/', w.limit_id)
      ELSE CONCAT(
        'workload/', w.environment, '/', w.cluster, '/', w.namespace, '/', w.workload_kind, '/', w.workload_name
      )
    END AS subject
  FROM matched_workloads AS w
),

summed_subjects AS (
  SELECT
    subject,
    COALESCE(MAX(limit_scope), 'workload') AS scope,
    MAX(environment) AS environment,
    IF(MAX(limit_scope) = 'total', NULL, MAX(cluster)) AS cluster,
    IF(MIN(namespace) = MAX(namespace), MAX(namespace), NULL) AS namespace,
    IF(MIN(workload_kind) = MAX(workload_kind), MAX(workload_kind), NULL) AS workload_kind,
    IF(COUNT(*) = 1, MAX(workload_name), NULL) AS workload_name,
    COUNT(*) AS workload_count,
    MAX(subject_api_id) AS api_id,
    MAX(subject_team_id) AS team_id,
    MAX(limit_id) AS limit_id,
    MAX(policy_version) AS policy_version,
    SUM(measured) AS measured,
    SUM(IF(is_new, 0, measured)) AS measured_settled,
    SUM(running) AS running,
    SUM(surge_allowance) AS surge_allowance,
    SUM(spec_replicas) AS spec_replicas,
    SUM(status_replicas) AS status_replicas,
    SUM(hpa_current_replicas) AS hpa_current_replicas,
    SUM(hpa_max_replicas) AS hpa_max_replicas,
    LOGICAL_AND(is_new) AS is_all_new,
    -- Of several workloads the one with most pods names the offender.
    ARRAY_AGG(offender ORDER BY measured DESC, workload_name, cluster LIMIT 1)[OFFSET(0)] AS offender
  FROM keyed_workloads
  GROUP BY subject
),

total_completeness AS (
  -- A total is complete only when every cluster it could run in was seen whole.
  SELECT
    CONCAT('total/', l.limit_id) AS subject,
    LOGICAL_AND(s.is_complete) AS is_complete
  FROM limits_in_force AS l
  INNER JOIN cluster_states AS s ON l.environment = s.environment
  WHERE l.scope = 'total' AND {{ selects('l.selectors.cluster', 's.cluster') }}
  GROUP BY l.limit_id
),

limit_policies AS (
  SELECT
    l.limit_id,
    p.tolerance_count,
    p.tolerance_ratio
  FROM limits_in_force AS l
  INNER JOIN policies AS p
    ON (p.team_id IS NULL OR p.team_id = l.team_id) AND (p.api_id IS NULL OR p.api_id = l.api_id)
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY l.limit_id
    ORDER BY IF(p.api_id IS NULL, 0, 1) DESC, IF(p.team_id IS NULL, 0, 1) DESC
  ) = 1
),

ceilings AS (
  SELECT
    l.limit_id,
    l.version AS limit_version,
    l.max_replicas,
    e.exemption_id,
    e.exemption_id IS NOT NULL AND e.exempt_replicas IS NULL AS is_limit_ignored,
    l.max_replicas
    + GREATEST(p.tolerance_count, CAST(FLOOR(l.max_replicas * p.tolerance_ratio) AS INT64)) AS base_ceiling,
    e.exempt_replicas
  FROM limits_in_force AS l
  INNER JOIN limit_policies AS p ON l.limit_id = p.limit_id
  LEFT JOIN exemptions_in_force AS e ON l.limit_id = e.limit_id
),

rejected_documents AS (
  -- Documents that never had a valid version: their APIs have an invalid limit, not none.
  SELECT DISTINCT document_id
  FROM `{{ dataset }}.limit_rejections`
  WHERE is_current AND NOT has_previous_limit
),

weighed_subjects AS (
  SELECT
    x.*,
    c.limit_version,
    c.max_replicas,
    c.base_ceiling,
    c.exemption_id,
    COALESCE(c.is_limit_ignored, FALSE) AS is_limit_ignored,
    GREATEST(c.base_ceiling, COALESCE(c.exempt_replicas, 0)) AS exempt_ceiling,
    COALESCE(t.is_complete, s.is_complete, FALSE) AS is_complete,
    COALESCE({{ incomplete_reason }}, 'cluster_incomplete') AS incomplete_reason,
    r.document_id IS NOT NULL AS is_limit_invalid,
    x.measured > c.base_ceiling AS is_over_base,
    x.measured > GREATEST(c.base_ceiling, COALESCE(c.exempt_replicas, 0))
    AND NOT COALESCE(c.is_limit_ignored, FALSE) AS is_over,
    -- In grace: all is new, or it is only the new workloads that carry the sum over the ceiling.
    x.is_all_new OR (x.measured > c.base_ceiling AND x.measured_settled <= c.base_ceiling) AS is_in_grace
  FROM summed_subjects AS x
  LEFT JOIN ceilings AS c ON x.limit_id = c.limit_id
  LEFT JOIN cluster_states AS s ON x.cluster = s.cluster
  LEFT JOIN total_completeness AS t ON x.subject = t.subject
  LEFT JOIN rejected_documents AS r
    ON x.limit_id IS NULL AND r.document_id = CONCAT(x.environment, '.', x.team_id, '.', x.api_id)
),

seen_subjects AS (
  SELECT
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
    -- First that applies (DESIGN section 5); a provable over beats unknown, because a partial sum is a lower bound.
    CASE
      WHEN NOT is_complete AND COALESCE(is_over, FALSE) AND NOT is_in_grace THEN 'over_limit'
      WHEN NOT is_complete THEN 'unknown'
      WHEN limit_id IS NULL AND (api_id IS NULL OR team_id IS NULL) THEN 'unlabelled'
      WHEN limit_id IS NULL AND is_limit_invalid THEN 'invalid_limit'
      WHEN limit_id IS NULL THEN 'no_limit'
      WHEN is_in_grace THEN 'in_grace'
      WHEN NOT is_over_base THEN 'within_limit'
      WHEN NOT is_over THEN 'exempt'
      ELSE 'over_limit'
    END AS verdict,
    measured,
    NOT is_complete AS is_lower_bound,
    IF(limit_id IS NULL, NULL, offender) AS offender,
    COALESCE(running > max_replicas, FALSE) AS is_over_strict,
    limit_id,
    limit_version,
    max_replicas,
    IF(is_limit_ignored, NULL, IF(exemption_id IS NULL, base_ceiling, exempt_ceiling)) AS ceiling,
    exemption_id,
    surge_allowance,
    spec_replicas,
    status_replicas,
    hpa_current_replicas,
    hpa_max_replicas,
    policy_version,
    CASE
      WHEN NOT is_complete AND COALESCE(is_over, FALSE) AND NOT is_in_grace THEN 'lower_bound_over_ceiling'
      WHEN NOT is_complete THEN incomplete_reason
      WHEN limit_id IS NULL AND (api_id IS NULL OR team_id IS NULL) THEN 'labels_missing'
      WHEN limit_id IS NULL AND is_limit_invalid THEN 'document_rejected'
      WHEN limit_id IS NULL THEN 'no_limit_matches'
      WHEN is_in_grace THEN 'new_workload'
      WHEN NOT is_over_base AND surge_allowance > 0 AND status_replicas > base_ceiling THEN 'surge_forgiven'
      WHEN NOT is_over_base THEN 'within_ceiling'
      WHEN NOT is_over THEN 'exemption'
      ELSE 'over_ceiling'
    END AS reason
  FROM weighed_subjects
),

previous_subjects AS (
  -- The ledger of the last cycle judged before this one: what it knew must not vanish without a word.
  SELECT *
  FROM `{{ dataset }}.verdicts`
  WHERE
    cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 1 DAY)
    AND cycle < @cycle
    AND cycle = (
      SELECT MAX(v.cycle)
      FROM `{{ dataset }}.verdicts` AS v
      WHERE v.cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 1 DAY) AND v.cycle < @cycle
    )
  QUALIFY ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY revision DESC) = 1
),

unseen_subjects AS (
  -- In a dark cluster: unknown, never "within". Absent from a complete listing: gone, said once, which may end an
  -- episode. A limit no longer in force and a retired cluster say nothing: a missing row freezes an episode.
  SELECT
    p.subject,
    p.scope,
    p.environment,
    p.cluster,
    p.namespace,
    p.workload_kind,
    p.workload_name,
    0 AS workload_count,
    p.api_id,
    p.team_id,
    IF(COALESCE(t.is_complete, s.is_complete, FALSE), 'within_limit', 'unknown') AS verdict,
    IF(COALESCE(t.is_complete, s.is_complete, FALSE), 0, CAST(NULL AS INT64)) AS measured,
    NOT COALESCE(t.is_complete, s.is_complete, FALSE) AS is_lower_bound,
    CAST(NULL AS STRING) AS offender,
    FALSE AS is_over_strict,
    p.limit_id,
    c.limit_version,
    c.max_replicas,
    IF(c.is_limit_ignored, NULL, IF(c.exemption_id IS NULL, c.base_ceiling, GREATEST(c.base_ceiling, c.exempt_replicas))) AS ceiling,
    c.exemption_id,
    0 AS surge_allowance,
    CAST(NULL AS INT64) AS spec_replicas,
    CAST(NULL AS INT64) AS status_replicas,
    CAST(NULL AS INT64) AS hpa_current_replicas,
    CAST(NULL AS INT64) AS hpa_max_replicas,
    p.policy_version,
    IF(
      COALESCE(t.is_complete, s.is_complete, FALSE),
      'workload_gone',
      COALESCE({{ incomplete_reason }}, 'cluster_incomplete')
    ) AS reason
  FROM previous_subjects AS p
  LEFT JOIN seen_subjects AS x ON p.subject = x.subject
  LEFT JOIN cluster_states AS s ON p.cluster = s.cluster
  LEFT JOIN total_completeness AS t ON p.subject = t.subject
  LEFT JOIN ceilings AS c ON p.limit_id = c.limit_id
  WHERE
    x.subject IS NULL
    AND (s.cluster IS NOT NULL OR t.subject IS NOT NULL)
    AND (p.limit_id IS NULL OR c.limit_id IS NOT NULL)
    AND NOT (
      COALESCE(t.is_complete, s.is_complete, FALSE)
      AND (p.limit_id IS NULL OR p.reason = 'workload_gone')
    )
),

judged_subjects AS (
  SELECT
    TO_HEX(SHA256(j.subject)) AS fingerprint,
    j.*,
    TO_HEX(SHA256(TO_JSON_STRING(STRUCT(
      j.verdict, j.measured, j.is_lower_bound, j.offender, j.is_over_strict, j.limit_id, j.limit_version,
      j.max_replicas, j.ceiling, j.exemption_id, j.surge_allowance, j.policy_version, j.reason, j.workload_count
    )))) AS content_sha256
  FROM (
    SELECT * FROM seen_subjects
    UNION ALL
    SELECT * FROM unseen_subjects
  ) AS j
)
