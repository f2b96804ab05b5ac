{#- CTEs: subjects of which nothing was seen in a judged cycle, although they were known before it. Needs
    _judged_subjects.sql and `prior_subjects`; ends in `judged_subjects`, the seen and the unseen ones.

    In a dark cluster a subject is unknown, never "within". Where all was seen it may have ended: gone from a complete
    listing, or its limit counts another scope now; that is said once, and may end an episode. A limit that was
    withdrawn while its workloads still run ends nothing, nor does a limit that no longer takes the one workload it
    took: that is said in every cycle, and freezes. A cluster that is no longer watched says nothing, which freezes
    too. -#}
{%- from 'limits/_holds.sql' import holds -%}
{%- set going_on = "('unknown', 'limit_withdrawn', 'no_limit_matches')" -%}
known_subjects AS (
  SELECT
    p.subject,
    p.cycle,
    TRUE AS is_prior,
    p.scope,
    p.environment,
    p.cluster,
    p.namespace,
    p.workload_kind,
    p.workload_name,
    p.api_id,
    p.team_id,
    p.limit_id
  FROM prior_subjects AS p
  UNION ALL
  SELECT
    s.subject,
    s.cycle,
    FALSE AS is_prior,
    s.scope,
    s.environment,
    s.cluster,
    s.namespace,
    s.workload_kind,
    s.workload_name,
    s.api_id,
    s.team_id,
    s.limit_id
  FROM seen_subjects AS s
),

interrupted_subjects AS (
  SELECT k.subject
  FROM known_subjects AS k
  GROUP BY k.subject
  HAVING COUNT(*) < (SELECT COUNT(*) FROM judged_cycles) + COUNTIF(k.is_prior)
),

last_sightings AS (
  SELECT
    k.*,
    LEAD(k.cycle) OVER (PARTITION BY k.subject ORDER BY k.cycle) AS next_cycle
  FROM known_subjects AS k
  INNER JOIN interrupted_subjects AS i ON k.subject = i.subject
),

presences AS (
  -- Where an API's workloads run that no limit takes: in a cluster, and (cluster NULL) anywhere in the environment.
  SELECT
    w.cycle,
    w.environment,
    place AS cluster,
    w.api_id,
    w.team_id,
    ARRAY_AGG(CONCAT(w.namespace, '/', w.workload_kind, '/', w.workload_name)) AS workloads
  FROM matched_workloads AS w
  CROSS JOIN UNNEST([w.cluster, CAST(NULL AS STRING)]) AS place
  WHERE w.limit_id IS NULL AND w.api_id IS NOT NULL AND w.team_id IS NOT NULL
  GROUP BY w.cycle, w.environment, place, w.api_id, w.team_id
),

environment_states AS (
  SELECT
    cycle,
    environment,
    LOGICAL_AND(is_complete) AS is_complete
  FROM cluster_states
  GROUP BY cycle, environment
),

missing_subjects AS (
  SELECT
    k.* EXCEPT (cycle, next_cycle, is_prior),
    k.cycle AS last_seen_cycle,
    c.cycle,
    c.known_at,
    c.policy_version,
    l.limit_id IS NOT NULL AS is_limit_in_force,
    l.version AS limit_version,
    l.max_replicas,
    l.scope AS limit_scope,
    s.status,
    p.cycle IS NOT NULL AS is_running_unlimited,
    -- A label that its limit selects by was changed, or the selectors were: the workload is in the listing, not gone.
    k.scope = 'cluster'
    AND CONCAT(k.namespace, '/', k.workload_kind, '/', k.workload_name) IN UNNEST(p.workloads) AS is_left_out,
    -- A total whose limit no longer says which clusters count could run in all of its environment.
    IF(k.scope = 'total', COALESCE(t.is_complete, e.is_complete), s.is_complete) AS is_complete
  FROM last_sightings AS k
  INNER JOIN judged_cycles AS c ON k.cycle < c.cycle AND (k.next_cycle IS NULL OR c.cycle < k.next_cycle)
  LEFT JOIN cluster_states AS s ON c.cycle = s.cycle AND k.cluster = s.cluster
  LEFT JOIN total_completeness AS t ON c.cycle = t.cycle AND k.subject = t.subject
  LEFT JOIN environment_states AS e ON c.cycle = e.cycle AND k.environment = e.environment
  LEFT JOIN considered_limits AS l ON k.limit_id = l.limit_id AND {{ holds('l', 'c.cycle', 'c.known_at') }}
  LEFT JOIN presences AS p
    ON
      c.cycle = p.cycle
      AND k.environment = p.environment
      AND k.api_id = p.api_id
      AND k.team_id = p.team_id
      AND k.cluster IS NOT DISTINCT FROM p.cluster
),

explained_subjects AS (
  SELECT
    m.*,
    CASE
      WHEN m.is_complete IS NULL THEN 'not_watched'
      WHEN NOT m.is_complete THEN 'unknown'
      WHEN m.limit_id IS NULL THEN 'never_limited'
      WHEN m.is_limit_in_force AND m.limit_scope != m.scope THEN 'scope_changed'
      WHEN NOT m.is_limit_in_force AND m.is_running_unlimited THEN 'limit_withdrawn'
      WHEN m.is_limit_in_force AND m.is_left_out THEN 'no_limit_matches'
      ELSE 'workload_gone'
    END AS finding
  FROM missing_subjects AS m
),

unseen_subjects AS (
  SELECT
    x.*,
    -- What ended a subject is said once: nothing is said of it after that, until it is seen again.
    COUNTIF(x.finding NOT IN {{ going_on }}) OVER (
      PARTITION BY x.subject, x.last_seen_cycle
      ORDER BY x.cycle
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS endings
  FROM explained_subjects AS x
),

judged_subjects AS (
  SELECT *
  FROM seen_subjects
  UNION ALL
  SELECT
    u.cycle,
    u.subject,
    u.scope,
    u.environment,
    u.cluster,
    u.namespace,
    u.workload_kind,
    u.workload_name,
    0 AS workload_count,
    u.api_id,
    u.team_id,
    CASE
      WHEN u.finding = 'unknown' THEN 'unknown'
      WHEN u.finding IN {{ going_on }} THEN 'no_limit'
      ELSE 'within_limit'
    END AS verdict,
    IF(u.finding = 'workload_gone', 0, CAST(NULL AS INT64)) AS measured,
    u.finding = 'unknown' AS is_lower_bound,
    CAST(NULL AS STRING) AS offender,
    FALSE AS is_over_strict,
    u.limit_id,
    u.limit_version,
    u.max_replicas,
    u.max_replicas AS ceiling,
    CAST(NULL AS STRING) AS exemption_id,
    FALSE AS is_contested,
    0 AS surge_allowance,
    CAST(NULL AS INT64) AS spec_replicas,
    CAST(NULL AS INT64) AS status_replicas,
    CAST(NULL AS INT64) AS hpa_current_replicas,
    CAST(NULL AS INT64) AS hpa_max_replicas,
    u.policy_version,
    u.known_at AS limits_known_at,
    IF(u.finding = 'unknown', COALESCE(CONCAT('cluster_', u.status), 'cluster_incomplete'), u.finding) AS reason
  FROM unseen_subjects AS u
  WHERE
    (u.finding IN {{ going_on }} AND u.endings = 0)
    OR (u.finding IN ('workload_gone', 'scope_changed') AND u.endings = 1)
)
