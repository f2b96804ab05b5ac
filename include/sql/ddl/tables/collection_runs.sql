-- One row per expected cluster and cycle, also when the cluster could not be reached (docs/design.md#d5).
CREATE TABLE IF NOT EXISTS `{{ dataset }}.collection_runs` (
  cycle TIMESTAMP NOT NULL OPTIONS (description = 'Cycle, UTC'),
  cycle_minutes INT64 NOT NULL OPTIONS (description = 'Its length: by it the cycle is judged and counted, whatever the configuration says later'),
  cluster STRING NOT NULL OPTIONS (description = 'Cluster name'),
  environment STRING NOT NULL OPTIONS (description = 'Environment of the cluster'),
  status STRING NOT NULL OPTIONS (description = 'complete | partial | failed; only complete proves anything but over; retired: by name, nothing is expected of it'),
  error_class STRING OPTIONS (description = 'Why it is not complete; no_manifest when no attempt reported, not_listed when the cluster is no longer configured or discovered, missed_cycle when no run collected; evidence_lost when its manifest or data object is gone or not as it was written; moved, ambiguous, project_removed until the configuration accepts where it is; watched_lately of a retired one that was within seven days'),
  error_message STRING OPTIONS (description = 'The error in words, secrets removed'),
  attempt_id STRING OPTIONS (description = 'Attempt that owns the cycle: the first complete one, else the best'),
  deployments_listed INT64 OPTIONS (description = 'Deployments listed; NULL when the kind was not listed'),
  statefulsets_listed INT64 OPTIONS (description = 'StatefulSets listed; NULL when the kind was not listed'),
  rollouts_listed INT64 OPTIONS (description = 'Argo Rollouts listed; NULL when the kind was not listed'),
  hpas_listed INT64 OPTIONS (description = 'HPAs listed; NULL when the kind was not listed'),
  resource_version_deployments STRING OPTIONS (description = 'resourceVersion of the Deployment list'),
  resource_version_statefulsets STRING OPTIONS (description = 'resourceVersion of the StatefulSet list'),
  resource_version_rollouts STRING OPTIONS (description = 'resourceVersion of the Rollout list'),
  resource_version_hpas STRING OPTIONS (description = 'resourceVersion of the HPA list'),
  not_served STRING OPTIONS (description = 'Kinds asked for that the cluster does not serve, e.g. rollout: no error; NULL when it serves all'),
  is_consistent BOOL OPTIONS (description = 'FALSE when the list had to go on after its snapshot expired'),
  started_at TIMESTAMP OPTIONS (description = 'Start of the attempt, UTC'),
  finished_at TIMESTAMP OPTIONS (description = 'End of the attempt, UTC'),
  retries INT64 OPTIONS (description = 'HTTP requests repeated'),
  bytes_read INT64 OPTIONS (description = 'Bytes read from the API server'),
  collector_version STRING OPTIONS (description = 'Version of the collector'),
  evidence_object STRING OPTIONS (description = 'gs:// address of the data object'),
  row_count INT64 OPTIONS (description = 'Rows in the data object'),
  content_sha256 STRING OPTIONS (description = 'Hash of the uncompressed data object'),
  project STRING OPTIONS (description = 'Google Cloud project in which the cluster was first seen; NULL when it was not discovered'),
  location STRING OPTIONS (description = 'Location in which the cluster was first seen; NULL when it was not discovered'),
  recorded_at TIMESTAMP NOT NULL OPTIONS (description = 'When the row was last written, settings clock, UTC')
)
PARTITION BY DATE(cycle)
CLUSTER BY cluster
OPTIONS (description = 'Whether each cluster was seen in each cycle, and why not', require_partition_filter = TRUE);
