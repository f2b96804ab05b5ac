-- Written last by each run that did what its DAG is for: a run without a heartbeat did not finish.
-- One row per run that finished.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.heartbeats` (
  dag_id STRING NOT NULL OPTIONS (description = 'DAG'),
  cycle TIMESTAMP NOT NULL OPTIONS (description = 'Cycle, UTC; of a daily DAG the end of its data interval'),
  run_id STRING NOT NULL OPTIONS (description = 'Airflow run'),
  run_type STRING NOT NULL OPTIONS (description = 'scheduled | manual | backfill'),
  origin STRING NOT NULL OPTIONS (description = 'live | backfill; a watch that starts a period late is no live one'),
  finished_at TIMESTAMP NOT NULL OPTIONS (description = 'Settings clock, UTC'),
  notifications_sent INT64 OPTIONS (description = 'Messages this run delivered; NULL for DAGs that do not count them')
)
PARTITION BY DATE(cycle)
OPTIONS (description = 'One row per finished run');
