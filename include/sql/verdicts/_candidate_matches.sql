{#- CTEs: the limits that may take a workload. Matching looks at who a workload is, never at its counts, so it is done once
    per identity and not once per cycle. Needs `measured_workloads` and `considered_limits`; ends in `candidate_matches`. -#}
{%- from 'verdicts/_period.sql' import is_unlabelled -%}
{%- from 'verdicts/_selectors.sql' import selects_label, selects_workload, specificity -%}
identities AS (
  SELECT DISTINCT
    w.environment,
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    w.api_id,
    w.team_id,
    w.label_text
  FROM measured_workloads AS w
),

possible_matches AS (
  SELECT
    i.*,
    l.* EXCEPT (environment, api_id, team_id, exemptions),
    l.api_id AS limit_api_id,
    l.team_id AS limit_team_id
  FROM identities AS i
  INNER JOIN considered_limits AS l ON i.environment = l.environment AND i.api_id = l.api_id AND i.team_id = l.team_id
  WHERE
    {{ selects_workload('l', 'i') }}
  UNION ALL
  -- Workloads without labels are matched by namespace or name only; a bare cluster selector would take them all.
  SELECT
    i.*,
    l.* EXCEPT (environment, api_id, team_id, exemptions),
    l.api_id AS limit_api_id,
    l.team_id AS limit_team_id
  FROM identities AS i
  INNER JOIN considered_limits AS l ON i.environment = l.environment
  WHERE
    {{ is_unlabelled('i') }}
    AND (l.selectors.namespace IS NOT NULL OR l.selectors.name IS NOT NULL)
    AND {{ selects_workload('l', 'i') }}
),

candidate_matches AS (
  SELECT
    m.*,
    {{ specificity('m') }} AS specificity,
    COUNT(*) OVER (
      PARTITION BY m.cluster, m.namespace, m.workload_kind, m.workload_name, m.api_id, m.team_id, m.label_text
    ) = 1 AS is_alone
  FROM possible_matches AS m
  WHERE NOT EXISTS (
    SELECT 1
    FROM UNNEST(m.selectors.labels) AS wanted
    WHERE NOT {{ selects_label('wanted', 'm.label_text') }}
  )
)
