{#- CTEs: what is said of subjects of which nothing was seen. Needs _missing_subjects.sql; ends in
    `unseen_verdicts`.

    In a dark cluster a subject is unknown, never "within". Where all was seen it may have ended: gone from a complete
    listing, or its limit counts another scope now, or its cluster is in another environment; that is said once, and
    may end an episode, as a retired cluster does, or carry it over to another key of its limit. A limit that was
    withdrawn while its workloads still run ends nothing, nor does a limit that no longer takes the one workload it
    took, nor a label that makes that another API's without a limit: that is said in every cycle, and freezes. A
    cluster that is no longer watched says nothing, which freezes too. One row per cycle and subject. -#}
{%- from 'verdicts/_period.sql' import endings -%}
{%- set going_on = "('unknown', 'relabelled', 'limit_withdrawn', 'no_limit_matches')" -%}
explained_subjects AS (
  SELECT
    m.*,
    CASE
      WHEN m.is_retired THEN IF(m.limit_id IS NULL, 'never_limited', 'cluster_retired')
      WHEN m.is_complete IS NULL THEN 'not_watched'
      WHEN NOT m.is_complete THEN 'unknown'
      WHEN m.limit_id IS NULL THEN 'never_limited'
      WHEN m.is_elsewhere THEN 'environment_changed'
      WHEN m.is_limit_in_force AND m.limit_scope != m.scope THEN 'scope_changed'
      WHEN m.is_relabelled THEN 'relabelled'
      WHEN m.is_rekeyed THEN 'limit_rekeyed'
      WHEN m.is_of_another THEN 'api_changed'
      WHEN m.is_of_another_kind THEN 'kind_changed'
      WHEN NOT m.is_limit_in_force AND m.is_running_unlimited THEN 'limit_withdrawn'
      WHEN m.is_limit_in_force AND (m.is_left_out OR m.is_of_an_unlimited_kind) THEN 'no_limit_matches'
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

unseen_verdicts AS (
  SELECT
    u.* REPLACE (IF(u.finding = 'unknown', u.members, NULL) AS members),
    CASE
      WHEN u.finding = 'unknown' THEN 'unknown'
      WHEN u.finding IN {{ going_on }} THEN 'no_limit'
      ELSE 'within_limit'
    END AS verdict,
    IF(u.finding = 'workload_gone', 0, CAST(NULL AS INT64)) AS measured,
    u.finding = 'unknown' AS is_lower_bound,
    u.max_replicas AS ceiling,
    u.known_at AS limits_known_at,
    IF(u.finding = 'unknown', COALESCE(CONCAT('cluster_', u.status), 'cluster_incomplete'), u.finding) AS reason
  FROM unseen_subjects AS u
  WHERE
    (u.finding IN {{ going_on }} AND u.endings = 0)
    OR (u.finding IN {{ endings }} AND u.endings = 1)
)
