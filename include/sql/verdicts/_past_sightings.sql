{#- CTEs: the workloads whose past matters, and where they were seen in the six hours before. Needs `measured_workloads`;
    ends in `sightings`. One row per cycle and workload. -#}
{%- from 'verdicts/_counting.sql' import workload_kind -%}
{%- from 'verdicts/_period.sql' import asks_for_its_past, is_unlabelled -%}
{%- from 'verdicts/_surge.sql' import counts, successor, taken_name, takeover_replicas -%}
asking_workloads AS (
  SELECT
    w.cycle,
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    w.api_id,
    w.team_id,
    w.created_at,
    w.policy_version,
    w.surge_replicas,
    w.takeover_replicas,
    w.takes_over_name,
    w.other_name,
    w.is_listed
  FROM measured_workloads AS w
  WHERE {{ asks_for_its_past('w') }}
),

past_observations AS (
  -- Six hours back are read: enough for the surge budget, and for telling that a re-created workload is not new.
  -- Every attempt counts here, also one that does not own its cycle (docs/decisions/0003).
  SELECT
    o.cycle,
    o.cluster,
    o.namespace,
    o.resource_type,
    o.name,
    IF(o.resource_type = 'rollout', {{ taken_name('o') }}, NULL) AS takes_over_name,
    IF({{ is_unlabelled('o') }}, NULL, o.api_id) AS labelled_api_id,
    IF({{ is_unlabelled('o') }}, NULL, o.team_id) AS labelled_team_id,
    {{- counts('o', is_unknown_told=false) }},
    {{- successor('o', ' OVER taken_over') }}
  FROM `{{ dataset }}.replica_observations` AS o
  INNER JOIN (
    SELECT DISTINCT
      w.cluster,
      w.namespace,
      name
    FROM asking_workloads AS w
    CROSS JOIN UNNEST([w.workload_name, w.other_name]) AS name
    WHERE name IS NOT NULL
  ) AS n ON o.cluster = n.cluster AND o.namespace = n.namespace AND o.name = n.name
  WHERE
    o.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL 6 HOUR)
    AND {{ until_period_end('o.cycle') }}
    AND o.resource_type != 'hpa'
  WINDOW taken_over AS (PARTITION BY o.cycle, o.cluster, o.namespace, {{ taken_name('o') }})
),

{% if cycles_part is defined -%}
past_cycles AS (
  -- All who spend a budget have them, the same ones.
  SELECT
    p.cycle,
    p.cycle_minutes
  FROM (SELECT past_cycles FROM measured_workloads WHERE surge_replicas + takeover_replicas > 0 LIMIT 1) AS w
  CROSS JOIN UNNEST(w.past_cycles) AS p
),
{%- else -%}
{% include 'verdicts/_past_cycles.sql' %},
{%- endif %}

sightings AS (
  SELECT
    o.cluster,
    o.namespace,
    {{ workload_kind('o') }} AS workload_kind,
    o.name AS workload_name,
    COALESCE(MAX(o.takes_over_name), o.name) AS first_name,
    o.cycle,
    COALESCE(ANY_VALUE(c.cycle_minutes), (SELECT MIN(p.cycle_minutes) FROM past_cycles AS p)) AS cycle_minutes,
    LOGICAL_OR(o.surge_replicas + {{ takeover_replicas('o') }} > 0) AS is_surging,
    MAX(o.labelled_api_id) AS labelled_api_id,
    MAX(o.labelled_team_id) AS labelled_team_id
  FROM past_observations AS o
  LEFT JOIN past_cycles AS c ON o.cycle = c.cycle
  GROUP BY o.cluster, o.namespace, o.resource_type, o.name, o.cycle
)
