{#- CTEs: which limit each workload is judged by. Needs _measured_workloads.sql, `considered_limits` and `policies`;
    ends in `matched_workloads`. Matching looks at who a workload is, never at its counts, so it is done once per
    identity and not once per cycle. -#}
{%- from 'limits/_holds.sql' import holds -%}
{%- from 'verdicts/_period.sql' import is_unlabelled -%}
{%- from 'verdicts/_selectors.sql' import selects_label, selects_workload, specificity -%}
identities AS (
  SELECT DISTINCT
    w.environment,
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    w.api_id,
    w.team_id,
    w.label_text
  FROM measured_workloads AS w
),

possible_matches AS (
  SELECT
    i.*,
    l.* EXCEPT (environment, api_id, team_id, exemptions),
    l.api_id AS limit_api_id,
    l.team_id AS limit_team_id
  FROM identities AS i
  INNER JOIN considered_limits AS l ON i.environment = l.environment AND i.api_id = l.api_id AND i.team_id = l.team_id
  WHERE
    {{ selects_workload('l', 'i') }}
  UNION ALL
  -- Workloads without labels are matched by namespace or name only; a bare cluster selector would take them all.
  SELECT
    i.*,
    l.* EXCEPT (environment, api_id, team_id, exemptions),
    l.api_id AS limit_api_id,
    l.team_id AS limit_team_id
  FROM identities AS i
  INNER JOIN considered_limits AS l ON i.environment = l.environment
  WHERE
    {{ is_unlabelled('i') }}
    AND (l.selectors.namespace IS NOT NULL OR l.selectors.name IS NOT NULL)
    AND {{ selects_workload('l', 'i') }}
),

candidate_matches AS (
  SELECT
    m.*,
    {{ specificity('m') }} AS specificity,
    COUNT(*) OVER (
      PARTITION BY m.cluster, m.namespace, m.workload_kind, m.workload_name, m.api_id, m.team_id, m.label_text
    ) AS candidates
  FROM possible_matches AS m
  WHERE NOT EXISTS (
    SELECT 1
    FROM UNNEST(m.selectors.labels) AS wanted
    WHERE NOT {{ selects_label('wanted', 'm.label_text') }}
  )
),

chosen_matches AS (
  SELECT
    m.* EXCEPT (selectors, specificity, candidates),
    FALSE AS is_contested
  FROM candidate_matches AS m
  WHERE m.candidates = 1
  UNION ALL
  -- Two limits on one workload: the more specific selector, then the lower limit (DESIGN section 5).
  SELECT
    m.* EXCEPT (selectors, specificity, candidates)
    REPLACE (c.cycle AS valid_from, TIMESTAMP_ADD(c.cycle, INTERVAL 1 SECOND) AS valid_to),
    COUNT(*) OVER (
      PARTITION BY
        c.cycle, m.cluster, m.namespace, m.workload_kind, m.workload_name, m.api_id, m.team_id, m.label_text
    ) > 1 AS is_contested
  FROM candidate_matches AS m
  INNER JOIN judged_cycles AS c ON {{ holds('m', 'c.cycle', 'c.known_at') }}
  WHERE m.candidates > 1
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY c.cycle, m.cluster, m.namespace, m.workload_kind, m.workload_name, m.api_id, m.team_id, m.label_text
    ORDER BY m.specificity DESC, m.max_replicas, m.limit_id
  ) = 1
),

matched_workloads AS (
  SELECT
    w.*,
    m.limit_id,
    m.version AS limit_version,
    m.max_replicas,
    m.scope AS limit_scope,
    COALESCE(m.is_contested, FALSE) AS is_contested,
    -- A limit may name the API of workloads that carry no labels.
    COALESCE(m.limit_api_id, w.api_id) AS subject_api_id,
    COALESCE(m.limit_team_id, w.team_id) AS subject_team_id
  FROM measured_workloads AS w
  LEFT JOIN chosen_matches AS m
    ON
      w.cluster = m.cluster
      AND w.namespace = m.namespace
      AND w.workload_kind = m.workload_kind
      AND w.workload_name = m.workload_name
      AND w.api_id IS NOT DISTINCT FROM m.api_id
      AND w.team_id IS NOT DISTINCT FROM m.team_id
      AND w.label_text IS NOT DISTINCT FROM m.label_text
      AND {{ holds('m', 'w.cycle', 'w.known_at') }}
),

approvers AS (
  SELECT DISTINCT
    p.policy_version,
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
    c.cycle,
    l.limit_id,
    e.exemption_id,
    e.max_replicas AS exempt_replicas,
    e.max_replicas IS NULL AS is_limit_ignored
  FROM considered_limits AS l
  CROSS JOIN UNNEST(l.exemptions) AS e
  INNER JOIN judged_cycles AS c ON {{ holds('l', 'c.cycle', 'c.known_at') }} AND e.starts_at <= c.cycle AND c.cycle < e.ends_at
  INNER JOIN approvers AS a
    ON c.policy_version = a.policy_version AND e.approver = a.approver AND l.team_id != a.team_id
  WHERE
    e.ends_at <= TIMESTAMP_ADD(e.starts_at, INTERVAL 90 DAY)
    AND e.ticket IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY c.cycle, l.limit_id
    ORDER BY IF(e.max_replicas IS NULL, 1, 0) DESC, e.max_replicas DESC, e.exemption_id
  ) = 1
)
