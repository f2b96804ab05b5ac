{#- CTE: which limit each workload is judged by, and which it was judged by before it named another API
    (docs/decisions/0045). Needs _chosen_matches.sql and `measured_workloads`. -#}
{%- from 'limits/_holds.sql' import holds -%}
{%- from 'verdicts/_former.sql' import held_by -%}
{#- Where a Rollout takes a Deployment over, the double is one only where both are counted together. -#}
{%- set double -%}
IF(m.scope != 'workload' AND LOGICAL_OR(w.takes_over_name IS NOT NULL) OVER taken_over, w.takeover_allowance, 0)
{%- endset %}
{#- Whether a limit takes it whoever it was before. -#}
{%- set is_taken_as_it_is -%}
LOGICAL_OR(held_by = '' AND m.limit_id IS NOT NULL) OVER same_workload
{%- endset %}
{#- Whether it was its former limit's in all cycles before, of those that are judged together: no other took it, and that
    held. -#}
{%- set is_held -%}
COALESCE(LOGICAL_AND((held_by = '') = (m.limit_id IS NULL)) OVER before_now, TRUE)
{%- endset %}
matched_workloads AS (
  SELECT
    w.* EXCEPT (surge_allowance),
    w.surge_allowance + {{ double }} AS surge_allowance,
    -- The greater counter per workload (docs/design.md#d2). What the HPA says is reduced by a take-over's double
    -- (docs/decisions/0043), never by what is forgiven of a rollout.
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
    COALESCE(m.limit_team_id, w.team_id) AS subject_team_id,
    held_by,
    -- What the limit that counted it still has to do with it, although it is not counted any more.
    CASE
      WHEN held_by != '' AND {{ is_taken_as_it_is }} THEN 'api_changed'
      WHEN w.is_label_lost OR (held_by != '' AND (w.api_id IS NULL OR w.team_id IS NULL)) THEN 'labels_removed'
      WHEN held_by != '' THEN 'relabelled'
    END AS left_by
  FROM measured_workloads AS w
  CROSS JOIN UNNEST({{ held_by('w') }}) AS held_by
  LEFT JOIN chosen_matches AS m
    ON
      w.cluster = m.cluster
      AND w.namespace = m.namespace
      AND w.workload_kind = m.workload_kind
      AND w.workload_name = m.workload_name
      AND w.api_id IS NOT DISTINCT FROM m.api_id
      AND w.team_id IS NOT DISTINCT FROM m.team_id
      AND w.label_text IS NOT DISTINCT FROM m.label_text
      AND held_by = m.held_by
      AND {{ holds('m', 'w.cycle', 'w.known_at') }}
  WHERE TRUE
  QUALIFY
    IF(
      held_by = '',
      -- Where each workload is a subject it stays the one that it was.
      m.limit_id IS NOT NULL
      OR NOT ({{ is_held }} AND LOGICAL_OR(held_by != '' AND COALESCE(m.scope = 'workload', FALSE)) OVER same_workload),
      m.limit_id IS NOT NULL
      AND {{ is_held }}
      AND NOT (
        m.scope = 'workload'
        AND LOGICAL_OR(held_by = '' AND COALESCE(m.scope = 'workload', FALSE)) OVER same_workload
      )
    )
  WINDOW same_workload AS (PARTITION BY w.cycle, w.cluster, w.namespace, w.workload_kind, w.workload_name),
  before_now AS (
    PARTITION BY w.cluster, w.namespace, w.workload_kind, w.workload_name
    ORDER BY UNIX_SECONDS(w.cycle)
    RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ),
  taken_over AS (
    PARTITION BY
      w.cycle,
      w.cluster,
      w.namespace,
      m.limit_id,
      COALESCE(w.takes_over_name, IF(w.workload_kind = 'Deployment', w.workload_name, NULL))
  )
)
