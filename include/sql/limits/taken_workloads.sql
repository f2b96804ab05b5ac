-- Which of the workloads that were seen in a cycle some proposed limits can take, and what runs of them. Where several
-- limits can take a workload the more specific one judges it, which is not told here.
-- One row per limit and workload.
-- Parameters:
--   @cycle TIMESTAMP: the cycle
--   @proposed ARRAY<STRUCT<limit_id STRING, environment STRING, team_id STRING, api_id STRING, scope STRING,
--     cluster STRING, namespace STRING, kind STRING, name STRING, labels ARRAY<STRUCT<key STRING, value STRING>>,
--     max_replicas INT64, exemptions ARRAY<STRUCT<exemption_id STRING, reason STRING, ticket STRING, approver STRING,
--     starts_at TIMESTAMP, ends_at TIMESTAMP, max_replicas INT64>>>>: the limits
{%- from 'verdicts/_counting.sql' import counted_replicas, workload_kind -%}
{%- from 'verdicts/_period.sql' import is_unlabelled -%}
{%- from 'verdicts/_selectors.sql' import label_pattern, selects_workload %}
WITH
proposed_limits AS (
  SELECT
    p.limit_id,
    p.environment,
    p.team_id,
    p.api_id,
    STRUCT(
      p.cluster AS cluster, p.namespace AS namespace, p.kind AS kind, p.name AS name, p.labels AS labels
    ) AS selectors
  FROM UNNEST(@proposed) AS p
),

patterned_limits AS (
  SELECT
    p.*,
    {{ label_pattern('p') }} AS label_pattern
  FROM proposed_limits AS p
),

seen_workloads AS (
  SELECT
    r.environment,
    o.cluster,
    o.namespace,
    {{ workload_kind('o') }} AS workload_kind,
    o.name AS workload_name,
    o.api_id,
    o.team_id,
    IF(ARRAY_LENGTH(o.labels) > 0, TO_JSON_STRING(o.labels), '[]') AS label_text,
    {{ counted_replicas('o') }} AS replicas
  FROM `{{ dataset }}.replica_observations` AS o
  INNER JOIN `{{ dataset }}.collection_runs` AS r
    ON o.cycle = r.cycle AND o.cluster = r.cluster AND o.attempt_id = r.attempt_id
  WHERE o.cycle = @cycle AND r.cycle = @cycle AND o.resource_type != 'hpa'
)

SELECT
  l.limit_id,
  w.cluster,
  w.namespace,
  w.workload_kind,
  w.workload_name,
  w.replicas
FROM seen_workloads AS w
INNER JOIN patterned_limits AS l ON w.environment = l.environment
WHERE
  (
    (w.api_id = l.api_id AND w.team_id = l.team_id)
    OR ({{ is_unlabelled('w') }} AND (l.selectors.namespace IS NOT NULL OR l.selectors.name IS NOT NULL))
  )
  AND {{ selects_workload('l', 'w') }}
  AND (l.label_pattern = '' OR REGEXP_CONTAINS(w.label_text, l.label_pattern))
ORDER BY l.limit_id, w.cluster, w.namespace, w.workload_name, w.workload_kind
