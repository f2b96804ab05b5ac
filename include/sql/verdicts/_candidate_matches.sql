{#- CTEs: the limits that may take a workload. Matching looks at who a workload is, never at its counts, so it is done once
    per identity and not once per cycle. Needs `measured_workloads`, or what asked_workloads names of them, and
    `considered_limits`; ends in `candidate_matches`. One row per workload and limit that may take it. -#}
{%- from 'verdicts/_counting.sql' import strict_replicas -%}
{%- from 'verdicts/_period.sql' import is_unlabelled -%}
{%- from 'verdicts/_selectors.sql' import label_pattern, selects_workload, specificity -%}
identities AS (
  SELECT
    w.environment,
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    w.api_id,
    w.team_id,
    w.label_text,
    w.held_by,
    IF(w.held_by != '', w.former_api_id, IF({{ is_unlabelled('w') }}, '', w.api_id)) AS asked_api_id,
    IF(w.held_by != '', w.former_team_id, IF({{ is_unlabelled('w') }}, '', w.team_id)) AS asked_team_id,
    MAX({{ strict_replicas('w') }}) AS most_replicas,
    LOGICAL_OR(w.left_by IS NOT NULL) AS has_left
  FROM {{ asked_workloads | default('measured_workloads') }} AS w
  GROUP BY
    w.environment, w.cluster, w.namespace, w.workload_kind, w.workload_name, w.api_id, w.team_id, w.label_text, w.held_by,
    asked_api_id, asked_team_id
),

offered_limits AS (
  -- To the workloads of its API, and to those without labels where it names a namespace or a name; a bare cluster
  -- selector would take them all.
  SELECT
    l.* EXCEPT (exemptions),
    -- Once for each limit, not for each workload that it may take.
    {{ label_pattern('l') }} AS label_pattern,
    {{ specificity('l') }} AS specificity,
    IF(is_for_labelled, l.api_id, '') AS asked_api_id,
    IF(is_for_labelled, l.team_id, '') AS asked_team_id,
    -- Then what it takes no other takes: nothing is to be chosen.
    COUNT(*) OVER (
      PARTITION BY l.environment, IF(is_for_labelled, l.api_id, ''), IF(is_for_labelled, l.team_id, '')
    ) = 1 AS is_alone
  FROM considered_limits AS l
  CROSS JOIN
    UNNEST(
      IF(l.selectors.namespace IS NOT NULL OR l.selectors.name IS NOT NULL, [TRUE, FALSE], [TRUE])
    ) AS is_for_labelled
),

candidate_matches AS (
  SELECT
    i.* EXCEPT (asked_api_id, asked_team_id),
    l.* EXCEPT (environment, api_id, team_id, asked_api_id, asked_team_id, selectors, label_pattern),
    l.api_id AS limit_api_id,
    l.team_id AS limit_team_id
  FROM identities AS i
  INNER JOIN offered_limits AS l
    ON i.environment = l.environment AND i.asked_api_id = l.asked_api_id AND i.asked_team_id = l.asked_team_id
  WHERE
    {{ selects_workload('l', 'i') }}
    AND (
      l.limit_id = i.held_by
      OR (i.held_by = '' AND (l.label_pattern = '' OR REGEXP_CONTAINS(i.label_text, l.label_pattern)))
    )
)
