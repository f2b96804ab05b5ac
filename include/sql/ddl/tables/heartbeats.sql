-- Written last by each DAG run: a cycle without a heartbeat did not finish.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.heartbeats` (
  dag_id STRING NOT NULL OPTIONS (description = 'DAG'),
  cycle TIMESTAMP NOT NULL OPTIONS (description = 'Cycle, UTC'),
  run_id STRING NOT NULL OPTIONS (description = 'Airflow run'),
  run_type STRING NOT NULL OPTIONS (description = 'scheduled | manual | backfill'),
  finished_at TIMESTAMP NOT NULL OPTIONS (description = 'Settings clock, UTC'),
  verdicts_written INT64 OPTIONS (description = 'Verdict rows this run wrote'),
  notifications_sent INT64 OPTIONS (description = 'Messages this run delivered')
)
PARTITION BY DATE(cycle)
OPTIONS (description = 'One row per finished run');
