{#- CTE: the workloads of each subject, summed up. Needs _matched_workloads.sql. One row per cycle and subject. -#}
{%- from 'verdicts/_counting.sql' import kinds -%}
{%- from 'verdicts/_former.sql' import member -%}
{%- from 'verdicts/_period.sql' import unlabelled_place -%}
{%- set offenders = ['hpa'] + kinds | sort(reverse=true) -%}
{%- macro rank(offender) -%}
CASE {{ offender }}{% for name in offenders %} WHEN '{{ name }}' THEN {{ loop.index0 }}{% endfor %} END
{%- endmacro -%}
summed_subjects AS (
  SELECT
    w.cycle,
    CASE COALESCE(w.limit_scope, 'workload')
      WHEN 'cluster' THEN CONCAT('cluster/', w.limit_id, '/', w.cluster)
      WHEN 'total' THEN CONCAT('total/', w.limit_id)
      ELSE CONCAT(
        'workload/', w.environment, '/', w.cluster, '/', w.namespace, '/', w.workload_kind, '/', w.workload_name
      )
    END AS subject,
    COALESCE(ANY_VALUE(w.limit_scope), 'workload') AS scope,
    ANY_VALUE(w.environment) AS environment,
    IF(ANY_VALUE(w.limit_scope) = 'total', NULL, ANY_VALUE(w.cluster)) AS cluster,
    IF(MIN(w.namespace) = MAX(w.namespace), MAX(w.namespace), NULL) AS namespace,
    IF(MIN(w.workload_kind) = MAX(w.workload_kind), MAX(w.workload_kind), NULL) AS workload_kind,
    -- Of several workloads, one whose labels were taken off or changed is named: the ledger remembers by it whose it was.
    IF(COUNT(*) = 1, MAX(w.workload_name), MAX(IF(w.left_by IS NULL, NULL, w.workload_name))) AS workload_name,
    COUNT(*) AS workload_count,
    ANY_VALUE(w.subject_api_id) AS api_id,
    ANY_VALUE(w.subject_team_id) AS team_id,
    ANY_VALUE(w.limit_id) AS limit_id,
    ANY_VALUE(w.limit_version) AS limit_version,
    ANY_VALUE(w.max_replicas) AS max_replicas,
    ANY_VALUE(w.policy_version) AS policy_version,
    ANY_VALUE(w.known_at) AS known_at,
    SUM(IF(w.left_by IS NOT NULL, 0, w.measured)) AS measured,
    SUM(IF(w.left_by IS NOT NULL OR w.is_new, 0, w.measured)) AS measured_settled,
    SUM(IF(w.left_by IS NOT NULL, 0, w.strict_replicas)) AS strict_replicas,
    -- What runs is known where every workload counts itself.
    IF(
      LOGICAL_AND(w.running IS NOT NULL OR w.left_by IS NOT NULL), SUM(IF(w.left_by IS NOT NULL, 0, w.running)), NULL
    ) AS running,
    MAX(IF(w.left_by IS NOT NULL, NULL, w.unknown_reason)) AS unknown_reason,
    LOGICAL_OR(w.is_past_deadline) AS is_past_deadline,
    LOGICAL_AND(w.is_moved) AS is_moved,
    SUM(w.surge_allowance) AS surge_allowance,
    SUM(w.spec_replicas) AS spec_replicas,
    SUM(w.status_replicas) AS status_replicas,
    SUM(w.hpa_current_replicas) AS hpa_current_replicas,
    SUM(w.hpa_max_replicas) AS hpa_max_replicas,
    LOGICAL_AND(w.is_new) AS is_all_new,
    MAX(NULLIF(w.left_by, 'api_changed')) AS left_by,
    LOGICAL_OR(COALESCE(w.left_by = 'api_changed', FALSE)) AS is_handed_over,
    STRING_AGG({{ member('w') }}, '\n' ORDER BY {{ member('w') }}) AS members,
    STRING_AGG({{ unlabelled_place('w') }}, '\n' ORDER BY {{ unlabelled_place('w') }}) AS unlabelled,
    LOGICAL_OR(w.is_contested) AS is_contested,
    -- Of several workloads the one with most pods names the offender; of those with as many, an HPA last.
    {{ offenders }}[OFFSET(MOD(MAX(w.measured * 4 + {{ rank('w.offender') }}), 4))] AS offender
  FROM matched_workloads AS w
  GROUP BY w.cycle, subject
)
