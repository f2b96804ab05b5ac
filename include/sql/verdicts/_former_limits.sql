{#- CTE: by what the last judged cycle counted workloads where something was over, from v_prior_members: a line for each
    workload, its place, the limit and whose that is, and whose the workload itself said it was.
    One row per workload and limit that counted it. -#}
former_limits AS (
  SELECT
    SPLIT(line, ' ')[OFFSET(0)] AS place,
    MIN(SPLIT(line, ' ')[OFFSET(1)]) AS limit_id,
    MIN(SPLIT(line, ' ')[OFFSET(2)]) AS team_id,
    MIN(SPLIT(line, ' ')[OFFSET(3)]) AS api_id,
    MIN(SPLIT(line, ' ')[OFFSET(4)]) AS owner
  FROM UNNEST(SPLIT(v_prior_members, '\n')) AS line
  GROUP BY place
)
