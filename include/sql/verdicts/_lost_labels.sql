{#- CTEs: whose a workload was before its labels were taken off. Needs _recent_pasts.sql and `prior_subjects`; ends in
    `named_workloads`. One row per cycle and workload. -#}
{%- from 'verdicts/_period.sql' import is_unlabelled -%}
lost_labels AS (
  -- A label that was taken off does not make a workload another one: for six hours by its sightings, and after that
  -- as long as the ledger goes on saying so.
  SELECT
    w.cycle,
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    COALESCE(s.labelled_api_id, p.api_id) AS api_id,
    COALESCE(s.labelled_team_id, p.team_id) AS team_id
  FROM asking_workloads AS w
  LEFT JOIN sightings AS s
    ON
      w.cluster = s.cluster
      AND w.namespace = s.namespace
      AND w.workload_kind = s.workload_kind
      AND w.workload_name = s.workload_name
      AND s.labelled_api_id IS NOT NULL
      AND s.cycle < w.cycle
      AND s.cycle >= TIMESTAMP_SUB(w.cycle, INTERVAL 6 HOUR)
  LEFT JOIN prior_subjects AS p
    ON
      w.cluster = p.cluster
      AND w.namespace = p.namespace
      AND w.workload_name = p.workload_name
      AND (p.workload_kind IS NULL OR w.workload_kind = p.workload_kind)
      AND p.reason = 'labels_removed'
  WHERE
    w.is_listed
    AND {{ is_unlabelled('w') }}
    AND COALESCE(s.labelled_api_id, p.api_id) IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY w.cycle, w.cluster, w.namespace, w.workload_kind, w.workload_name
    ORDER BY s.cycle DESC, p.subject
  ) = 1
),

named_workloads AS (
  SELECT
    w.* REPLACE (COALESCE(n.api_id, w.api_id) AS api_id, COALESCE(n.team_id, w.team_id) AS team_id),
    n.api_id IS NOT NULL AS is_label_lost
  FROM asking_workloads AS w
  LEFT JOIN lost_labels AS n
    ON
      w.cycle = n.cycle
      AND w.cluster = n.cluster
      AND w.namespace = n.namespace
      AND w.workload_kind = n.workload_kind
      AND w.workload_name = n.workload_name
)
