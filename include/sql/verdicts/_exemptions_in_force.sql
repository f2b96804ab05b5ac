{#- CTEs: the exemptions in force in each judged cycle. Needs `considered_limits`, `policies` and `judged_cycles`.
    One row per cycle and limit: the exemption that counts. -#}
{%- from 'limits/_holds.sql' import holds -%}
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
  -- team (docs/design.md#d10). Of overlapping ones the highest ceiling counts; no ceiling ignores the limit altogether.
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
