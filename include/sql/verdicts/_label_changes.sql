{#- CTEs: where a workload names another API than it did in its cycle before, or comes back under other labels than it was
    counted by, but for the first cycle of a part. Needs `measured_workloads` and
    `judged_cycles`; ends in `label_changes`. One row per cycle and workload that changed. -#}
{%- from 'verdicts/_former.sql' import has_left, owner -%}
relabelled_workloads AS (
  -- Those of whom it can be true at all, so that few are put in order.
  SELECT
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name
  FROM measured_workloads AS w
  GROUP BY w.cluster, w.namespace, w.workload_kind, w.workload_name
  HAVING MIN({{ owner('w') }}) != MAX({{ owner('w') }}) OR LOGICAL_OR({{ has_left('w') }})
),

label_changes AS (
  SELECT w.cycle
  FROM measured_workloads AS w
  INNER JOIN judged_cycles AS c ON w.cycle = c.cycle
  INNER JOIN relabelled_workloads AS r
    ON
      w.cluster = r.cluster
      AND w.namespace = r.namespace
      AND w.workload_kind = r.workload_kind
      AND w.workload_name = r.workload_name
  WHERE TRUE
  QUALIFY
    w.cycle > v_from
    AND (
      LAG({{ owner('w') }}) OVER same_workload != {{ owner('w') }}
      OR (
        {{ has_left('w') }}
        AND COALESCE(LAG(w.cycle) OVER same_workload < TIMESTAMP_SUB(w.cycle, INTERVAL c.cycle_minutes MINUTE), TRUE)
      )
    )
  WINDOW same_workload AS (
    PARTITION BY w.cluster, w.namespace, w.workload_kind, w.workload_name ORDER BY w.cycle
  )
)
