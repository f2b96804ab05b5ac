{#- CTEs: what each seen subject is held against. Needs _summed_subjects.sql, _cluster_states.sql,
    _exemptions_in_force.sql, `considered_limits` and `policies`; ends in `proven_subjects`.
    One row per cycle and subject. -#}
{%- from 'limits/_document_id.sql' import document_id -%}
{%- from 'verdicts/_period.sql' import closest, covers_api -%}
{%- from 'verdicts/_tolerance.sql' import tolerated -%}
limit_ceilings AS (
  SELECT
    p.policy_version,
    l.team_id,
    l.api_id,
    l.max_replicas,
    -- Once for each limit, not for each of its subjects in each cycle.
    l.max_replicas + {{ tolerated('l.max_replicas', 'p') }} AS base_ceiling
  FROM (SELECT DISTINCT team_id, api_id, max_replicas FROM considered_limits) AS l
  INNER JOIN policies AS p ON {{ covers_api('p', 'l') }}
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY p.policy_version, l.team_id, l.api_id, l.max_replicas ORDER BY {{ closest('p') }}
  ) = 1
),

tolerated_subjects AS (
  SELECT
    x.*,
    c.base_ceiling
  FROM summed_subjects AS x
  LEFT JOIN limit_ceilings AS c
    ON
      x.policy_version = c.policy_version
      AND x.team_id = c.team_id
      AND x.api_id = c.api_id
      AND x.max_replicas = c.max_replicas
),

rejected_documents AS (
  -- Documents that never had a valid version: their APIs have an invalid limit, not none.
  SELECT DISTINCT
    c.cycle,
    r.document_id
  FROM `{{ dataset }}.limit_rejections` AS r
  INNER JOIN judged_cycles AS c ON r.first_seen <= c.known_at AND (r.is_current OR c.known_at <= r.last_seen)
  -- A version that had been replaced when it was read was never what a document said.
  WHERE NOT r.has_previous_limit AND (r.is_current OR r.first_seen < r.last_seen)
),

weighed_subjects AS (
  SELECT
    x.*,
    e.exemption_id,
    COALESCE(e.is_limit_ignored, FALSE) AS is_limit_ignored,
    GREATEST(x.base_ceiling, COALESCE(e.exempt_replicas, 0)) AS exempt_ceiling,
    COALESCE(t.is_complete, s.is_complete, FALSE) AS is_complete,
    COALESCE(CONCAT('cluster_', s.status), 'cluster_incomplete') AS incomplete_reason,
    COALESCE(t.lost_a_cluster, FALSE) AS lost_a_cluster,
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
      AND r.document_id = {{ document_id('x') }}
),

proven_subjects AS (
  SELECT
    x.*,
    x.is_over_base AND x.measured > x.exempt_ceiling AND NOT x.is_limit_ignored AS is_over,
    -- A partial sum is a lower bound: it may prove "over", never "within" (docs/design.md#d5).
    NOT x.is_complete OR x.left_by IS NOT NULL OR x.unknown_reason IS NOT NULL AS is_lower_bound,
    COALESCE(x.is_over_base AND x.measured > x.exempt_ceiling AND NOT x.is_limit_ignored, FALSE)
    AND NOT x.is_in_grace AS is_proven_over
  FROM weighed_subjects AS x
)
