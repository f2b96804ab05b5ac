{%- from 'verdicts/_counting.sql' import target_kind, workload_kind -%}
{%- from 'verdicts/_selectors.sql' import selects_workload -%}
-- What the clusters said of a subject in a cycle: the workloads that carry its labels, or that its limit's selectors take,
-- or that it is, and the HPAs on them; of the attempts that own the cycle. Rather one too many: a more specific limit may
-- have taken a workload that is shown. One row per object.
-- Parameters: @cycle TIMESTAMP; @scope, @environment, @cluster, @namespace, @workload_kind, @workload_name, @api_id,
-- @team_id STRING: as the verdict has them, NULL for what it has not; @limit_id STRING; @limit_version INT64: what it was judged
-- by, NULL where by none.
WITH
owned_observations AS (
  SELECT o.*
  FROM `{{ dataset }}.replica_observations` AS o
  INNER JOIN `{{ dataset }}.collection_runs` AS r ON o.cluster = r.cluster AND o.attempt_id = r.attempt_id
  WHERE
    o.cycle = @cycle
    AND r.cycle = @cycle
    AND o.environment = @environment
    AND (@cluster IS NULL OR o.cluster = @cluster)
),

limits_judged_by AS (
  SELECT h.*
  FROM `{{ dataset }}.limit_history` AS h
  WHERE h.limit_id = @limit_id AND h.version = @limit_version
  QUALIFY ROW_NUMBER() OVER (ORDER BY h.recorded_from, h.valid_from) = 1
),

named_workloads AS (
  SELECT
    o.cluster,
    o.namespace,
    {{ workload_kind('o') }} AS workload_kind,
    o.name AS workload_name,
    NULLIF(o.api_id, '') IS NOT DISTINCT FROM @api_id AND NULLIF(o.team_id, '') IS NOT DISTINCT FROM @team_id
      AS has_its_labels
  FROM owned_observations AS o
  WHERE o.resource_type != 'hpa'
  UNION DISTINCT
  SELECT
    o.cluster,
    o.namespace,
    {{ target_kind('o') }} AS workload_kind,
    o.hpa_target_name AS workload_name,
    NULLIF(o.api_id, '') IS NOT DISTINCT FROM @api_id AND NULLIF(o.team_id, '') IS NOT DISTINCT FROM @team_id
      AS has_its_labels
  FROM owned_observations AS o
  WHERE o.resource_type = 'hpa'
),

workloads_behind AS (
  SELECT DISTINCT
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name
  FROM named_workloads AS w
  LEFT JOIN limits_judged_by AS l ON TRUE
  WHERE
    CASE
      WHEN @scope = 'workload'
        THEN
          w.namespace = @namespace
          AND w.workload_kind IS NOT DISTINCT FROM @workload_kind
          AND w.workload_name = @workload_name
      ELSE
        w.has_its_labels
        OR (
          (l.selectors.namespace IS NOT NULL OR l.selectors.name IS NOT NULL)
          AND {{ selects_workload('l', 'w') }}
        )
    END
)

SELECT o.*
FROM owned_observations AS o
INNER JOIN workloads_behind AS w
  ON
    o.cluster = w.cluster
    AND o.namespace = w.namespace
    AND COALESCE({{ workload_kind('o') }}, {{ target_kind('o') }}) = w.workload_kind
    AND COALESCE(o.hpa_target_name, o.name) = w.workload_name
ORDER BY o.cluster, o.namespace, o.name, o.resource_type
