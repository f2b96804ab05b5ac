-- The ledger: what was judged of every subject in every cycle (docs/design.md#d6, #verdicts). Append-only with
-- revisions. By the hour, so that a cycle reads an hour and not a day and a half; kept as long as the observations that
-- it can be recomputed from (docs/decisions/0042). One row per cycle, subject and revision.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.verdicts` (
  cycle TIMESTAMP NOT NULL OPTIONS (description = 'Cycle judged, UTC'),
  cycle_minutes INT64 NOT NULL OPTIONS (description = 'Its length, as collection_runs has it: so many minutes count by it'),
  fingerprint STRING NOT NULL OPTIONS (description = 'Hash of the subject: identity only, never values or time'),
  subject STRING NOT NULL OPTIONS (description = 'workload/<environment>/<cluster>/<namespace>/<kind>/<name> | cluster/<limit_id>/<cluster> | total/<limit_id>'),
  scope STRING NOT NULL OPTIONS (description = 'cluster | workload | total'),
  environment STRING NOT NULL OPTIONS (description = 'Environment of the subject'),
  cluster STRING OPTIONS (description = 'Cluster; NULL for scope total'),
  namespace STRING OPTIONS (description = 'Namespace; NULL when the workloads span several'),
  workload_kind STRING OPTIONS (description = 'Kind of the workload; NULL when there are several'),
  workload_name STRING OPTIONS (description = 'Name of the workload; NULL when there are several'),
  workload_count INT64 NOT NULL OPTIONS (description = 'Workloads summed up'),
  api_id STRING OPTIONS (description = 'API; NULL for unlabelled workloads'),
  team_id STRING OPTIONS (description = 'Team; NULL for unlabelled workloads'),
  verdict STRING NOT NULL OPTIONS (description = 'within_limit | over_limit | exempt | in_grace | no_limit | invalid_limit | unlabelled | unknown'),
  measured INT64 OPTIONS (description = 'The count held against the limit: per workload the greater of its own, after what is forgiven, and its HPA; a lower bound when is_lower_bound'),
  running INT64 OPTIONS (description = 'Pods that run, by the workloads themselves, after what is forgiven; NULL where one is counted by its HPA alone, or not at all'),
  is_lower_bound BOOL NOT NULL OPTIONS (description = 'Part of the subject was not seen'),
  offender STRING OPTIONS (description = 'deployment | statefulset | rollout | hpa: which counter is the greater'),
  is_over_strict BOOL NOT NULL OPTIONS (description = 'Running above max_replicas with no allowance and no tolerance'),
  limit_id STRING OPTIONS (description = 'Limit judged by'),
  limit_version INT64 OPTIONS (description = 'Its version'),
  max_replicas INT64 OPTIONS (description = 'Its ceiling before tolerance'),
  ceiling INT64 OPTIONS (description = 'Highest measured that is not over: tolerance and exemption included'),
  exemption_id STRING OPTIONS (description = 'Exemption that raised the ceiling'),
  is_contested BOOL NOT NULL OPTIONS (description = 'Several limits match a workload of it; the more specific, then the lower one judged'),
  surge_allowance INT64 NOT NULL OPTIONS (description = 'Pods forgiven: of rollouts in progress, of a StatefulSet that stops, of a Deployment that a Rollout takes over'),
  is_past_deadline BOOL OPTIONS (description = 'A rollout of it is past its deadline and does not end by itself'),
  spec_replicas INT64 OPTIONS (description = 'Evidence: pods asked for; of a Deployment that a Rollout takes over, by the Rollout'),
  status_replicas INT64 OPTIONS (description = 'Evidence: pods running before the allowance'),
  hpa_current_replicas INT64 OPTIONS (description = 'Evidence: HPA current'),
  hpa_max_replicas INT64 OPTIONS (description = 'Evidence: HPA maxReplicas'),
  policy_version STRING OPTIONS (description = 'Policy judged by'),
  limits_known_at TIMESTAMP OPTIONS (description = 'Newest sync read_time known when judging, UTC'),
  is_limits_stale BOOL NOT NULL OPTIONS (description = 'That read_time was older than the cycle'),
  reason STRING NOT NULL OPTIONS (description = 'Why this verdict, one word'),
  members STRING OPTIONS (description = 'Of what is over, or whose labels changed: a line for each workload, its place, limit, team and API of that, own team/API; else NULL'),
  unlabelled STRING OPTIONS (description = 'Of its workloads, those without labels that had none in the six hours before: a place a line; the next cycle does not look again. NULL where there is none'),
  origin STRING NOT NULL OPTIONS (description = 'live | backfill'),
  revision INT64 NOT NULL OPTIONS (description = 'From 1; a new one only when something changed'),
  content_sha256 STRING NOT NULL OPTIONS (description = 'Hash of what was judged, without bookkeeping'),
  computed_at TIMESTAMP NOT NULL OPTIONS (description = 'When it was judged, settings clock, UTC'),
  run_id STRING NOT NULL OPTIONS (description = 'Airflow run that judged')
)
PARTITION BY TIMESTAMP_TRUNC(cycle, HOUR)
CLUSTER BY fingerprint
OPTIONS (
  description = 'One verdict per cycle, subject and revision',
  require_partition_filter = TRUE
);
