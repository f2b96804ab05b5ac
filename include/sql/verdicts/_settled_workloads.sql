{#- CTEs: of workloads that others say something about, which limit goes on counting them (docs/decisions/0045), and
    whether they stand for one with what takes them over. Needs `measured_workloads`, `considered_limits` and
    `judged_cycles`; ends in `settled_workloads`. One row per cycle, workload and limit that it is held by. -#}
{%- from 'verdicts/_former.sql' import holders -%}
{%- from 'verdicts/_selectors.sql' import is_chosen_for -%}
{%- set asked_workloads = 'unsettled_workloads' -%}
{#- Whether a limit takes it whoever it was before. -#}
{%- set is_taken_as_it_is -%}
LOGICAL_OR(w.held_by = '' AND m.limit_id IS NOT NULL) OVER same_workload
{%- endset %}
{#- Whether it was its former limit's in all cycles before, of those that are judged together: no other took it, and that
    held. -#}
{%- set is_held -%}
COALESCE(LOGICAL_AND((w.held_by = '') = (m.limit_id IS NULL)) OVER before_now, TRUE)
{%- endset %}
unsettled_workloads AS (
  SELECT w.* REPLACE (holder AS held_by)
  FROM measured_workloads AS w
  CROSS JOIN UNNEST({{ holders('w') }}) AS holder
  WHERE w.former_owner IS NOT NULL OR w.takes_over_name IS NOT NULL OR w.takeover_allowance > 0
),

{% include 'verdicts/_candidate_matches.sql' %},
{% include 'verdicts/_chosen_matches.sql' %},

settled_workloads AS (
  SELECT
    w.cycle,
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    w.held_by,
    -- What the limit that counted it still has to do with it, although it is not counted any more.
    CASE
      WHEN w.held_by != '' AND {{ is_taken_as_it_is }} THEN 'api_changed'
      WHEN w.held_by != '' AND (w.api_id IS NULL OR w.team_id IS NULL) THEN 'labels_removed'
      WHEN w.held_by != '' AND w.left_by IS NULL THEN 'relabelled'
      ELSE w.left_by
    END AS left_by,
    -- Where a Rollout takes a Deployment over, the double is one only where both are counted together.
    IF(m.scope != 'workload' AND LOGICAL_OR(w.takes_over_name IS NOT NULL) OVER taken_over, w.takeover_allowance, 0)
      AS takeover_allowance
  FROM unsettled_workloads AS w
  LEFT JOIN chosen_matches AS m ON {{ is_chosen_for('m', 'w') }}
  WHERE TRUE
  QUALIFY
    IF(
      w.held_by = '',
      -- Where each workload is a subject it stays the one that it was.
      m.limit_id IS NOT NULL
      OR NOT ({{ is_held }} AND LOGICAL_OR(w.held_by != '' AND COALESCE(m.scope = 'workload', FALSE)) OVER same_workload),
      m.limit_id IS NOT NULL
      AND {{ is_held }}
      AND NOT (
        m.scope = 'workload'
        AND LOGICAL_OR(w.held_by = '' AND COALESCE(m.scope = 'workload', FALSE)) OVER same_workload
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
