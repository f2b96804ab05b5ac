{#- CTEs: of the limits that may take a workload, the one that does. Needs _candidate_matches.sql and `judged_cycles`; ends
    in `chosen_matches`. One row per workload and stretch of cycles in which it is taken. -#}
{%- from 'limits/_holds.sql' import holds -%}
choices AS (
  -- The cycles to choose in, where several limits may take a workload, and one row for where only one may.
  SELECT
    FALSE AS is_alone,
    c.cycle,
    c.known_at
  FROM judged_cycles AS c
  UNION ALL
  SELECT
    TRUE AS is_alone,
    CAST(NULL AS TIMESTAMP) AS cycle,
    CAST(NULL AS TIMESTAMP) AS known_at
),

chosen_matches AS (
  -- Two limits on one workload: the more specific selector, then the lower limit (docs/design.md#verdicts).
  SELECT
    m.* EXCEPT (specificity, is_alone, most_replicas, has_left)
    REPLACE (
      COALESCE(c.cycle, m.valid_from) AS valid_from,
      COALESCE(TIMESTAMP_ADD(c.cycle, INTERVAL 1 SECOND), m.valid_to) AS valid_to
    ),
    COUNT(*) OVER same_workload > 1 AS is_contested,
    -- Of most subjects it is known before they are summed up that they are within, since no tolerance is below zero: who
    -- their members are nobody asks.
    LOGICAL_OR(m.has_left) OVER same_limit OR SUM(m.most_replicas) OVER same_limit > m.max_replicas AS may_be_over
  FROM candidate_matches AS m
  INNER JOIN choices AS c ON m.is_alone = c.is_alone AND (c.is_alone OR ({{ holds('m', 'c.cycle', 'c.known_at') }}))
  WHERE TRUE
  QUALIFY m.is_alone OR ROW_NUMBER() OVER (same_workload ORDER BY m.specificity DESC, m.max_replicas, m.limit_id) = 1
  WINDOW same_workload AS (
    PARTITION BY c.cycle, m.cluster, m.namespace, m.workload_kind, m.workload_name, m.api_id, m.team_id, m.label_text,
      m.held_by
  ),
  same_limit AS (PARTITION BY m.limit_id, IF(m.scope = 'total', '', m.cluster))
)
