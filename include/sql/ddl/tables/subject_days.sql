-- What a subject was like on a day, as the audit of that day counted it: what looks back at weeks reads it instead of
-- verdicts. How the day went is in `subject_stretches`.
-- An audit replaces its days, each with one load job, so that auditing again writes the same rows or the newer ones.
-- One row per day and subject.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.subject_days` (
  day DATE NOT NULL OPTIONS (description = 'Day, in report_timezone'),
  from_cycle TIMESTAMP NOT NULL OPTIONS (description = 'First cycle of the day, UTC'),
  to_cycle TIMESTAMP NOT NULL OPTIONS (description = 'First moment that is no longer of the day, UTC'),
  counted STRING NOT NULL OPTIONS (description = 'then | now: as known when what is counted'),
  fingerprint STRING NOT NULL OPTIONS (description = 'Subject'),
  subject STRING NOT NULL OPTIONS (description = 'Subject in words, as in verdicts'),
  scope STRING NOT NULL OPTIONS (description = 'cluster | workload | total'),
  environment STRING NOT NULL OPTIONS (description = 'Environment'),
  cluster STRING OPTIONS (description = 'Cluster; NULL for scope total'),
  api_id STRING OPTIONS (description = 'API when it was last judged'),
  team_id STRING OPTIONS (description = 'Team when it was last judged'),
  limit_id STRING OPTIONS (description = 'Limit when it was last judged'),
  judged_cycles INT64 NOT NULL OPTIONS (description = 'Cycles with a verdict'),
  over_cycles INT64 NOT NULL OPTIONS (description = 'Cycles judged over_limit'),
  strict_cycles INT64 NOT NULL OPTIONS (description = 'Cycles above max_replicas with no allowance and no tolerance'),
  exempt_cycles INT64 NOT NULL OPTIONS (description = 'Cycles judged exempt'),
  unknown_cycles INT64 NOT NULL OPTIONS (description = 'Cycles judged unknown'),
  over_minutes INT64 NOT NULL OPTIONS (description = 'Minutes of the cycles judged over_limit'),
  strict_minutes INT64 NOT NULL OPTIONS (description = 'Minutes of the cycles above max_replicas with no allowance and no tolerance'),
  unknown_minutes INT64 NOT NULL OPTIONS (description = 'Minutes of the cycles judged unknown'),
  replica_minutes_over INT64 NOT NULL OPTIONS (description = 'Pods above the limit × minutes, summed over the cycles judged over_limit'),
  peak_measured INT64 OPTIONS (description = 'Most pods that were measured; NULL when none were'),
  peak_cycle TIMESTAMP OPTIONS (description = 'When first, UTC'),
  last_cycle TIMESTAMP OPTIONS (description = 'Last cycle in which pods were measured, UTC'),
  last_measured INT64 OPTIONS (description = 'Pods that were measured then'),
  hpa_max_replicas INT64 OPTIONS (description = 'HPA maxReplicas then')
)
PARTITION BY day
CLUSTER BY team_id, api_id
OPTIONS (
  description = 'One row per subject and audited day',
  require_partition_filter = TRUE
);
