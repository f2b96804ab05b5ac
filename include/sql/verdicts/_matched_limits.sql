{#- CTEs: which limit each workload is judged by. Needs measured_workloads.sql; ends in `matched_workloads`. -#}
{%- from 'verdicts/_selectors.sql' import selects_workload -%}
limits_in_force AS (
  {% include 'limits/limits_as_of.sql' %}
),

candidate_matches AS (
  SELECT
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    l.limit_id,
    l.max_replicas,
    l.selectors
  FROM measured_workloads AS w
  INNER JOIN limits_in_force AS l
    ON w.environment = l.environment AND w.api_id = l.api_id AND w.team_id = l.team_id
  WHERE
    {{ selects_workload('l', 'w') }}
  UNION ALL
  -- Workloads without labels are matched by namespace or name only; a bare cluster selector would take them all.
  SELECT
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    l.limit_id,
    l.max_replicas,
    l.selectors
  FROM measured_workloads AS w
  INNER JOIN limits_in_force AS l ON w.environment = l.environment
  WHERE
    (w.api_id IS NULL OR w.team_id IS NULL)
    AND (l.selectors.namespace IS NOT NULL OR l.selectors.name IS NOT NULL)
    AND {{ selects_workload('l', 'w') }}
),

chosen_matches AS (
  -- Two limits on one workload: the more specific selector, then the lower limit (DESIGN section 5).
  SELECT *
  FROM candidate_matches
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY cluster, namespace, workload_kind, workload_name
    ORDER BY
      IF(selectors.cluster IS NULL, 0, 1)
      + IF(selectors.namespace IS NULL, 0, 1)
      + IF(selectors.kind IS NULL, 0, 1)
      + IF(selectors.name IS NULL, 0, 1) DESC,
      max_replicas,
      limit_id
  ) = 1
),

matched_workloads AS (
  SELECT
    w.*,
    l.limit_id,
    l.scope AS limit_scope,
    -- A limit may name the API of workloads that carry no labels.
    COALESCE(l.api_id, w.api_id) AS subject_api_id,
    COALESCE(l.team_id, w.team_id) AS subject_team_id
  FROM measured_workloads AS w
  LEFT JOIN chosen_matches AS m
    ON
      w.cluster = m.cluster
      AND w.namespace = m.namespace
      AND w.workload_kind = m.workload_kind
      AND w.workload_name = m.workload_name
  LEFT JOIN limits_in_force AS l ON m.limit_id = l.limit_id
),

approvers AS (
  SELECT
    a.approver,
    a.team_id
  FROM policies AS p
  CROSS JOIN UNNEST(p.approvers) AS a
  WHERE p.team_id IS NULL AND p.api_id IS NULL
),

exemptions_in_force AS (
  -- An exemption counts only with a ticket, an end within 90 days and an approver of the allow-list who is not of the
  -- team (DESIGN D10). Of overlapping ones the highest ceiling counts; no ceiling ignores the limit altogether.
  SELECT
    l.limit_id,
    e.exemption_id,
    e.max_replicas AS exempt_replicas
  FROM limits_in_force AS l
  CROSS JOIN UNNEST(l.exemptions) AS e
  INNER JOIN approvers AS a ON e.approver = a.approver AND l.team_id != a.team_id
  WHERE
    e.starts_at <= @cycle
    AND @cycle < e.ends_at
    AND e.ends_at <= TIMESTAMP_ADD(e.starts_at, INTERVAL 90 DAY)
    AND e.ticket IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY l.limit_id
    ORDER BY IF(e.max_replicas IS NULL, 1, 0) DESC, e.max_replicas DESC, e.exemption_id
  ) = 1
)
