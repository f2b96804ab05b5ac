-- What the clusters said of an API in a cycle, and how they were seen: a row per object, and one per cluster without.
-- One row per object, and one per cluster without any.
-- Parameters: @api_id STRING; @environment STRING: NULL for all; @cycle TIMESTAMP.
SELECT
  r.environment,
  r.cluster,
  r.status,
  r.error_class,
  o.namespace,
  o.resource_type,
  o.name,
  o.spec_replicas,
  o.status_replicas,
  o.updated_replicas,
  o.strategy,
  o.max_surge,
  o.deleted_at,
  o.workload_ref_kind,
  o.workload_ref_name,
  o.workload_ref_scale_down,
  o.hpa_target_api_version,
  o.hpa_target_kind,
  o.hpa_target_name,
  o.hpa_current_replicas,
  o.hpa_able_to_scale,
  o.hpa_able_to_scale_reason,
  o.hpa_max_replicas
FROM `{{ dataset }}.collection_runs` AS r
LEFT JOIN `{{ dataset }}.replica_observations` AS o
  ON
    r.cluster = o.cluster
    AND r.attempt_id = o.attempt_id
    AND o.cycle = @cycle
    AND o.api_id = @api_id
WHERE
  r.cycle = @cycle
  AND (@environment IS NULL OR r.environment = @environment)
  AND (o.name IS NOT NULL OR r.status NOT IN ('complete', 'retired'))
ORDER BY r.environment, r.cluster, o.namespace, o.name, o.resource_type
