-- One row per entry of a chain of evidence packs: which head held when, and why there is another one. It only grows.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.audit_reports` (
  label STRING NOT NULL OPTIONS (description = 'Label of the audit'),
  sequence INT64 NOT NULL OPTIONS (description = 'Number of the entry in the chain of its label, from 1'),
  head_sha256 STRING NOT NULL OPTIONS (description = 'Hash of the entry: the head of the chain until the next one'),
  previous_head_sha256 STRING OPTIONS (description = 'Head before it; NULL for the first'),
  period STRING NOT NULL OPTIONS (description = 'Folder of the period: a day, or first and last day'),
  revision INT64 NOT NULL OPTIONS (description = 'Which pack of that period, from 1'),
  cause STRING NOT NULL OPTIONS (description = 'Why there is this revision: first audit, or what differs from the one before'),
  from_cycle TIMESTAMP NOT NULL OPTIONS (description = 'Begin of the period, UTC'),
  to_cycle TIMESTAMP NOT NULL OPTIONS (description = 'Its end, which is no longer covered, UTC'),
  location STRING NOT NULL OPTIONS (description = 'gs:// folder of the pack'),
  manifest_sha256 STRING NOT NULL OPTIONS (description = 'Hash of the pack manifest'),
  verdict_rows INT64 NOT NULL OPTIONS (description = 'Rows in verdicts.csv'),
  inputs_as_of TIMESTAMP OPTIONS (description = 'When the newest observation or limit of the period was recorded that the pack holds, UTC'),
  run_id STRING NOT NULL OPTIONS (description = 'Airflow run that recorded the entry'),
  written_at TIMESTAMP NOT NULL OPTIONS (description = 'Settings clock, UTC')
)
OPTIONS (description = 'Entries of the chains of evidence packs, with their hashes');
