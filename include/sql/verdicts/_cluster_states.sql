{#- CTEs: whether each cluster was seen whole, and whether all that a total counts was. Of a retired cluster nothing is
    expected: it is neither. Needs `considered_limits` and `judged_cycles`.
    One row per cycle and cluster; of total_completeness one row per cycle and total. -#}
{%- from 'limits/_holds.sql' import holds -%}
{%- from 'verdicts/_selectors.sql' import selects -%}
cluster_states AS (
  SELECT
    r.cycle,
    r.cluster,
    r.environment,
    r.status,
    IF(r.status = 'retired', NULL, r.status = 'complete') AS is_complete,
    r.error_class = 'watched_lately' AS was_watched_lately
  FROM `{{ dataset }}.collection_runs` AS r
  WHERE {{ in_period('r.cycle') }}
),

total_completeness AS (
  -- A total is complete only when every cluster it could run in was seen whole.
  SELECT
    s.cycle,
    CONCAT('total/', l.limit_id) AS subject,
    LOGICAL_AND(s.is_complete) AS is_complete,
    COALESCE(LOGICAL_OR(s.was_watched_lately), FALSE) AS lost_a_cluster
  FROM considered_limits AS l
  INNER JOIN cluster_states AS s ON l.environment = s.environment
  INNER JOIN judged_cycles AS c ON s.cycle = c.cycle AND {{ holds('l', 'c.cycle', 'c.known_at') }}
  WHERE l.scope = 'total' AND {{ selects('l.selectors.cluster', 's.cluster') }}
  GROUP BY s.cycle, l.limit_id
)
