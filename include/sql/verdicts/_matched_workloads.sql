{#- CTEs: which limit each workload is judged by. Needs _candidate_matches.sql and `judged_cycles`; ends in
    `matched_workloads`. -#}
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
  -- Two limits on one workload: the more specific selector, then the lower limit (DESIGN section 5).
  SELECT
    m.* EXCEPT (specificity, is_alone)
    REPLACE (
      COALESCE(c.cycle, m.valid_from) AS valid_from,
      COALESCE(TIMESTAMP_ADD(c.cycle, INTERVAL 1 SECOND), m.valid_to) AS valid_to
    ),
    COUNT(*) OVER same_workload > 1 AS is_contested
  FROM candidate_matches AS m
  INNER JOIN choices AS c ON m.is_alone = c.is_alone AND (c.is_alone OR ({{ holds('m', 'c.cycle', 'c.known_at') }}))
  WHERE TRUE
  QUALIFY m.is_alone OR ROW_NUMBER() OVER (same_workload ORDER BY m.specificity DESC, m.max_replicas, m.limit_id) = 1
  WINDOW same_workload AS (
    PARTITION BY c.cycle, m.cluster, m.namespace, m.workload_kind, m.workload_name, m.api_id, m.team_id, m.label_text
  )
),

{#- Where a Rollout takes a Deployment over, the double is one only where both are counted together. -#}
{%- set double -%}
IF(m.scope != 'workload' AND LOGICAL_OR(w.takes_over_name IS NOT NULL) OVER taken_over, w.takeover_allowance, 0)
{%- endset %}
matched_workloads AS (
  SELECT
    w.* EXCEPT (surge_allowance),
    w.surge_allowance + {{ double }} AS surge_allowance,
    -- The greater counter per workload; what the HPA says is never reduced by what is forgiven of a rollout (DESIGN D2).
    GREATEST(
      COALESCE(w.status_replicas - w.surge_allowance, 0), COALESCE(w.asked_replicas, 0)
    ) - {{ double }} AS measured,
    GREATEST(COALESCE(w.status_replicas, 0), COALESCE(w.asked_replicas, 0)) AS strict_replicas,
    w.status_replicas - w.surge_allowance - {{ double }} AS running,
    IF(w.status_replicas - w.surge_allowance >= COALESCE(w.asked_replicas, 0), w.counter, 'hpa') AS offender,
    m.limit_id,
    m.version AS limit_version,
    m.max_replicas,
    m.scope AS limit_scope,
    COALESCE(m.is_contested, FALSE) AS is_contested,
    -- A limit may name the API of workloads that carry no labels.
    COALESCE(m.limit_api_id, w.api_id) AS subject_api_id,
    COALESCE(m.limit_team_id, w.team_id) AS subject_team_id
  FROM measured_workloads AS w
  LEFT JOIN chosen_matches AS m
    ON
      w.cluster = m.cluster
      AND w.namespace = m.namespace
      AND w.workload_kind = m.workload_kind
      AND w.workload_name = m.workload_name
      AND w.api_id IS NOT DISTINCT FROM m.api_id
      AND w.team_id IS NOT DISTINCT FROM m.team_id
      AND w.label_text IS NOT DISTINCT FROM m.label_text
      AND {{ holds('m', 'w.cycle', 'w.known_at') }}
  WINDOW taken_over AS (
    PARTITION BY
      w.cycle,
      w.cluster,
      w.namespace,
      m.limit_id,
      COALESCE(w.takes_over_name, IF(w.workload_kind = 'Deployment', w.workload_name, NULL))
  )
)
