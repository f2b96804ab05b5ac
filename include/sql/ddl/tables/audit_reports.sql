-- One row per evidence pack written.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.audit_reports` (
  report_id STRING NOT NULL OPTIONS (description = 'uuid5 of label, first and last cycle'),
  label STRING NOT NULL OPTIONS (description = 'Label of the audit'),
  from_cycle TIMESTAMP NOT NULL OPTIONS (description = 'First cycle covered, UTC'),
  to_cycle TIMESTAMP NOT NULL OPTIONS (description = 'Last cycle covered, UTC'),
  location STRING NOT NULL OPTIONS (description = 'gs:// folder of the pack'),
  manifest_sha256 STRING NOT NULL OPTIONS (description = 'Hash of the pack manifest'),
  verdict_rows INT64 NOT NULL OPTIONS (description = 'Rows in verdicts.csv'),
  run_id STRING NOT NULL OPTIONS (description = 'Airflow run that wrote the pack'),
  written_at TIMESTAMP NOT NULL OPTIONS (description = 'Settings clock, UTC')
)
OPTIONS (description = 'Evidence packs written, with their hashes');
