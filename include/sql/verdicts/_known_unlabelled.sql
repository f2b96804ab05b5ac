{#- CTEs: the workloads that have no labels, and had none before: their past is known. That the cycle just before this one
    judged them so says that nobody sighted them with labels in the six hours before it, by what was there then; so it says
    nothing where another cycle lies between, or where observations of the cluster came in late since. A line of the ledger
    that is read anyway then stands for six hours of sightings. Ends in `known_unlabelled`.
    One row per workload. -#}
recorded_clusters AS (
  SELECT
    r.cluster,
    MAX(r.recorded_at) AS recorded_at
  FROM `{{ dataset }}.collection_runs` AS r
  WHERE r.cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 6 HOUR) AND r.cycle < v_prior_cycle
  GROUP BY r.cluster
),

known_unlabelled AS (
  SELECT DISTINCT place
  FROM UNNEST(SPLIT(v_prior.unlabelled, '\n')) AS place
  LEFT JOIN recorded_clusters AS r ON SPLIT(place, '/')[OFFSET(0)] = r.cluster
  WHERE
    v_prior_cycle = TIMESTAMP_SUB(@cycle, INTERVAL {{ cycle_minutes }} MINUTE)
    AND COALESCE(r.recorded_at < v_prior.computed_at, TRUE)
)
