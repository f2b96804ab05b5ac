-- Raw replica state as the clusters said it; the collector judges nothing. Each cycle's rows, and those of attempts that
-- came late, are appended by one load job, once: see docs/observations.md.
-- One row per cycle, attempt and object that was listed.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.replica_observations` (
  cycle TIMESTAMP NOT NULL OPTIONS (description = 'Cycle the observation belongs to, UTC; 11:00 belongs to hour 11'),
  observed_at TIMESTAMP NOT NULL OPTIONS (description = 'When the cluster answered, UTC'),
  environment STRING NOT NULL OPTIONS (description = 'Environment of the cluster'),
  cluster STRING NOT NULL OPTIONS (description = 'Cluster name'),
  namespace STRING NOT NULL OPTIONS (description = 'Namespace of the object'),
  resource_type STRING NOT NULL OPTIONS (description = 'deployment | statefulset | rollout (of Argo) | hpa'),
  name STRING NOT NULL OPTIONS (description = 'Name of the object'),
  uid STRING OPTIONS (description = 'Kubernetes uid: changes when an object is re-created'),
  api_id STRING OPTIONS (description = 'Value of the configured API label; NULL when absent'),
  team_id STRING OPTIONS (description = 'Value of the configured team label; NULL when absent'),
  labels ARRAY<STRUCT<
    key STRING OPTIONS (description = 'Label key, one of label_keys.also'),
    value STRING OPTIONS (description = 'Its value, may be empty')
  >> OPTIONS (description = 'Labels of the configured further keys (label_keys.also), sorted by key; [] when none'),
  created_at TIMESTAMP OPTIONS (description = 'creationTimestamp of the object, UTC'),
  deleted_at TIMESTAMP OPTIONS (description = 'Workload: deletionTimestamp, UTC; it is listed until its last pod is gone'),
  generation INT64 OPTIONS (description = 'Workload: metadata.generation'),
  observed_generation INT64 OPTIONS (description = 'Workload: status.observedGeneration; NULL when absent, or when it is no number'),
  spec_replicas INT64 OPTIONS (description = 'Workload: pods asked for'),
  status_replicas INT64 OPTIONS (description = 'Workload: status.replicas, NULL when absent: pods, surge and unready included; those that stop are left out, but for a StatefulSet'),
  updated_replicas INT64 OPTIONS (description = 'Workload: pods of the newest template'),
  ready_replicas INT64 OPTIONS (description = 'Workload: ready pods; of a blue-green Rollout those of the active colour'),
  available_replicas INT64 OPTIONS (description = 'Workload: available pods; of a blue-green Rollout those of the active colour'),
  unavailable_replicas INT64 OPTIONS (description = 'Deployment: pods still missing'),
  terminating_replicas INT64 OPTIONS (description = 'Deployment: pods that stop, in no other count; NULL where the API server does not say'),
  strategy STRING OPTIONS (description = 'Workload: RollingUpdate | Recreate | OnDelete | Canary | BlueGreen; NULL for a Rollout with neither of the last two'),
  max_surge STRING OPTIONS (description = 'Deployment, canary: maxSurge as written, a number or a percentage; NULL where it is not, or means nothing'),
  paused BOOL OPTIONS (description = 'Deployment, Rollout: rollout paused by spec'),
  is_past_deadline BOOL OPTIONS (description = 'Deployment, Rollout: the condition Progressing is False, ProgressDeadlineExceeded'),
  workload_ref_kind STRING OPTIONS (description = 'Rollout: kind of the workload whose template it takes over (spec.workloadRef)'),
  workload_ref_name STRING OPTIONS (description = 'Rollout: its name'),
  workload_ref_scale_down STRING OPTIONS (description = 'Rollout: workloadRef.scaleDown as written: never | onsuccess | progressively; NULL means never'),
  hpa_target_kind STRING OPTIONS (description = 'HPA: kind of the scale target'),
  hpa_target_api_version STRING OPTIONS (description = 'HPA: apiVersion of the scale target as written; only its group counts'),
  hpa_target_name STRING OPTIONS (description = 'HPA: name of the scale target'),
  hpa_min_replicas INT64 OPTIONS (description = 'HPA: minReplicas'),
  hpa_max_replicas INT64 OPTIONS (description = 'HPA: maxReplicas; evidence, never a paging rule (docs/design.md#d1)'),
  hpa_current_replicas INT64 OPTIONS (description = 'HPA: replicas its target was asked for at the last sync; NULL when absent'),
  hpa_desired_replicas INT64 OPTIONS (description = 'HPA: replicas it wants; 0 while initialising means unknown'),
  hpa_able_to_scale STRING OPTIONS (description = 'HPA: condition AbleToScale: True | False | Unknown; NULL when absent'),
  hpa_able_to_scale_reason STRING OPTIONS (description = 'HPA: its reason; FailedGetScale: the target cannot be read, and the count is never written again'),
  hpa_scaling_active STRING OPTIONS (description = 'HPA: condition ScalingActive: True | False | Unknown; NULL when absent'),
  hpa_scaling_active_reason STRING OPTIONS (description = 'HPA: its reason, e.g. ScalingDisabled for a target at zero'),
  attempt_id STRING NOT NULL OPTIONS (description = 'Collection attempt that wrote the row; collection_runs says which one owns the cycle')
)
PARTITION BY TIMESTAMP_TRUNC(cycle, HOUR)
CLUSTER BY cluster, api_id
OPTIONS (
  description = 'Deployments, StatefulSets, Rollouts and HPAs per cycle and cluster, raw',
  require_partition_filter = TRUE
);
