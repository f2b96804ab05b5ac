-- Which schema the tables have: a row per number, 1 for the first installation and one for each migration since. Read by
-- listing it, which is no job and costs nothing: every task does, before anything else (docs/decisions/0040).
-- Whose the dataset is stands in the newest row that names an environment: two on one dataset would judge over each other.
-- One row per number.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.schema_version` (
  number INT64 NOT NULL OPTIONS (description = 'Schema that the tables have since then; the greatest counts'),
  migration STRING NOT NULL OPTIONS (description = 'What led to it: ddl/tables, then scripts of ddl/migrations'),
  applied_at TIMESTAMP NOT NULL OPTIONS (description = 'When it was complete, settings clock, UTC'),
  run_id STRING NOT NULL OPTIONS (description = 'Airflow run of ped_housekeeping that applied it'),
  environment STRING OPTIONS (description = 'Environment that owns the dataset; NULL where nobody said which one it is')
)
OPTIONS (description = 'Numbers of the schema, as ped_housekeeping applied them');
