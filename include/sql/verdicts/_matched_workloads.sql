{#- CTE: which limit each workload is judged by. Needs _chosen_matches.sql and `measured_workloads`.
    One row per cycle and workload. -#}
{%- from 'verdicts/_counting.sql' import strict_replicas -%}
{%- from 'verdicts/_selectors.sql' import is_chosen_for -%}
matched_workloads AS (
  SELECT
    w.* REPLACE (w.surge_allowance + w.takeover_allowance AS surge_allowance),
    -- The greater counter per workload (docs/design.md#d2). What the HPA says is reduced by a take-over's double
    -- (docs/decisions/0043), never by what is forgiven of a rollout.
    GREATEST(
      COALESCE(w.status_replicas - w.surge_allowance, 0), COALESCE(w.asked_replicas, 0)
    ) - w.takeover_allowance AS measured,
    {{ strict_replicas('w') }} AS strict_replicas,
    w.status_replicas - w.surge_allowance - w.takeover_allowance AS running,
    IF(w.status_replicas - w.surge_allowance >= COALESCE(w.asked_replicas, 0), w.counter, 'hpa') AS offender,
    m.limit_id,
    m.version AS limit_version,
    m.max_replicas,
    m.scope AS limit_scope,
    COALESCE(m.is_contested, FALSE) AS is_contested,
    m.may_be_over,
    -- A limit may name the API of workloads that carry no labels.
    COALESCE(m.limit_api_id, w.api_id) AS subject_api_id,
    COALESCE(m.limit_team_id, w.team_id) AS subject_team_id
  FROM measured_workloads AS w
  LEFT JOIN chosen_matches AS m ON {{ is_chosen_for('m', 'w') }}
)
