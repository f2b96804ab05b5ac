{#- CTEs: since when each workload is there, and how long it had surge. Needs _past_sightings.sql; ends in `recent_pasts`.
    One row per workload and cycle in which it was sighted or is asked about. -#}
seen_or_asked AS (
  -- A workload may be there by its HPA alone, where its kind could not be listed: it has a past as well. Whoever moves
  -- from one kind to another keeps it: it is the name that was sighted, or that of the Deployment it takes over.
  SELECT
    s.cluster,
    s.namespace,
    s.workload_kind,
    s.workload_name,
    s.first_name,
    s.cycle,
    s.cycle AS sighted_cycle,
    s.is_surging,
    s.cycle_minutes,
    FALSE AS is_asked
  FROM sightings AS s
  UNION ALL
  SELECT
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    COALESCE(w.takes_over_name, w.workload_name) AS first_name,
    w.cycle,
    CAST(NULL AS TIMESTAMP) AS sighted_cycle,
    FALSE AS is_surging,
    0 AS cycle_minutes,
    TRUE AS is_asked
  FROM asking_workloads AS w
),

recent_pasts AS (
  SELECT
    s.cluster,
    s.namespace,
    s.workload_kind,
    s.workload_name,
    s.cycle,
    s.is_asked,
    MIN(s.sighted_cycle) OVER (
      PARTITION BY s.cluster, s.namespace, s.first_name
      ORDER BY UNIX_SECONDS(s.cycle)
      RANGE BETWEEN 21600 PRECEDING AND 1 PRECEDING
    ) AS first_cycle,
    SUM(IF(s.is_surging, s.cycle_minutes, 0)) OVER (
      PARTITION BY s.cluster, s.namespace, s.workload_kind, s.workload_name
      ORDER BY UNIX_SECONDS(s.cycle)
      RANGE BETWEEN 21600 PRECEDING AND 1 PRECEDING
    ) AS surge_minutes
  FROM seen_or_asked AS s
)
