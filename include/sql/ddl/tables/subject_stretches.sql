-- A subject's day run-length coded, as an audit counted it: what charts of an API read (docs/decisions/0077). In
-- partitions by API, so that one is read for a few megabytes however large the fleet. An audit appends its day, and what
-- the newest audit of a day wrote counts; days that no chart shows any more are taken out daily.
-- One row per subject, day and audit of it.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.subject_stretches` (
  api_bucket INT64 NOT NULL OPTIONS (description = 'Where the API lies: CRC-32 of its name, the last two digits'),
  day DATE NOT NULL OPTIONS (description = 'Day, in report_timezone'),
  audited_at TIMESTAMP NOT NULL OPTIONS (description = 'When the audit wrote it, settings clock, UTC; of a day the newest counts'),
  subject STRING NOT NULL OPTIONS (description = 'Subject in words, as in verdicts'),
  environment STRING NOT NULL OPTIONS (description = 'Environment'),
  api_id STRING OPTIONS (description = 'API when it was last judged'),
  team_id STRING OPTIONS (description = 'Team when it was last judged'),
  runs ARRAY<STRUCT<
    start TIMESTAMP OPTIONS (description = 'First cycle of the stretch, UTC'),
    cycles INT64 OPTIONS (description = 'How many cycles in a row were like it'),
    cycle_minutes INT64 OPTIONS (description = 'The length of each'),
    verdict STRING OPTIONS (description = 'As in verdicts'),
    measured INT64 OPTIONS (description = 'As in verdicts'),
    max_replicas INT64 OPTIONS (description = 'As in verdicts'),
    ceiling INT64 OPTIONS (description = 'As in verdicts'),
    exemption_id STRING OPTIONS (description = 'As in verdicts'),
    is_rollout BOOL OPTIONS (description = 'Pods were forgiven for a rollout'),
    is_blind BOOL OPTIONS (description = 'Not seen, or in part')
  >> OPTIONS (description = 'Stretches of cycles in which nothing changed, in order; nothing was judged between them')
)
PARTITION BY RANGE_BUCKET(api_bucket, GENERATE_ARRAY(0, 100, 1))
CLUSTER BY api_id, day
OPTIONS (
  description = 'One row per subject, audited day and audit, in partitions by API',
  require_partition_filter = TRUE
);
