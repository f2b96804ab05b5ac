-- Raw replica state as the clusters said it; the collector judges nothing. Loaded by hour: the load task replaces the
-- partition of the cycle's hour with all objects of that hour, so loading twice is loading once.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.replica_observations` (
  cycle TIMESTAMP NOT NULL OPTIONS (description = 'Cycle the observation belongs to, UTC; 11:00 belongs to hour 11'),
  observed_at TIMESTAMP NOT NULL OPTIONS (description = 'When the cluster answered, UTC'),
  environment STRING NOT NULL OPTIONS (description = 'Environment of the cluster'),
  cluster STRING NOT NULL OPTIONS (description = 'Cluster name'),
  namespace STRING NOT NULL OPTIONS (description = 'Namespace of the object'),
  resource_type STRING NOT NULL OPTIONS (description = 'deployment | hpa'),
  name STRING NOT NULL OPTIONS (description = 'Name of the object'),
  uid STRING OPTIONS (description = 'Kubernetes uid: changes when an object is re-created'),
  api_id STRING OPTIONS (description = 'Value of the configured API label; NULL when absent'),
  team_id STRING OPTIONS (description = 'Value of the configured team label; NULL when absent'),
  labels ARRAY<STRUCT<
    key STRING OPTIONS (description = 'Label key, one of label_keys.also'),
    value STRING OPTIONS (description = 'Its value, may be empty')
  >> OPTIONS (description = 'Labels of the configured further keys (label_keys.also), sorted by key; [] when none'),
  created_at TIMESTAMP OPTIONS (description = 'creationTimestamp of the object, UTC'),
  generation INT64 OPTIONS (description = 'Deployment: metadata.generation'),
  observed_generation INT64 OPTIONS (description = 'Deployment: status.observedGeneration'),
  spec_replicas INT64 OPTIONS (description = 'Deployment: pods asked for'),
  status_replicas INT64 OPTIONS (description = 'Deployment: non-terminating pods, surge and unready included'),
  updated_replicas INT64 OPTIONS (description = 'Deployment: pods of the newest template'),
  ready_replicas INT64 OPTIONS (description = 'Deployment: ready pods'),
  available_replicas INT64 OPTIONS (description = 'Deployment: available pods'),
  unavailable_replicas INT64 OPTIONS (description = 'Deployment: pods still missing'),
  max_surge STRING OPTIONS (description = 'Deployment: strategy maxSurge as written, a number or a percentage; NULL for Recreate'),
  paused BOOL OPTIONS (description = 'Deployment: rollout paused'),
  hpa_target_kind STRING OPTIONS (description = 'HPA: kind of the scale target'),
  hpa_target_name STRING OPTIONS (description = 'HPA: name of the scale target'),
  hpa_min_replicas INT64 OPTIONS (description = 'HPA: minReplicas'),
  hpa_max_replicas INT64 OPTIONS (description = 'HPA: maxReplicas; evidence, never a paging rule (DESIGN D1)'),
  hpa_current_replicas INT64 OPTIONS (description = 'HPA: replicas of the target at its last sync'),
  hpa_desired_replicas INT64 OPTIONS (description = 'HPA: replicas it wants; 0 while initialising means unknown'),
  attempt_id STRING NOT NULL OPTIONS (description = 'Collection attempt that wrote the row; collection_runs says which one owns the cycle')
)
PARTITION BY TIMESTAMP_TRUNC(cycle, HOUR)
CLUSTER BY cluster, api_id
OPTIONS (
  description = 'Deployments and HPAs per cycle and cluster, raw',
  require_partition_filter = TRUE,
  partition_expiration_days = 400
);
