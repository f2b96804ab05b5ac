{%- from 'ddl/_staged_columns.sql' import staged_columns with context -%}
-- What one sync writes to limit_history, on its way there: a load job replaces it, commit_sync.sql reads it. One row per
-- range that is closed or opened: of one that is closed its key alone, limit_id and valid_from.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.limit_staging` (
  sync_id STRING NOT NULL OPTIONS (description = 'Sync the row belongs to'),
  operation STRING NOT NULL OPTIONS (description = 'close: end the recorded range of the row now believed; open: a new row'),
  {{ staged_columns('limit_history') }}
)
OPTIONS (description = 'Rows of the newest sync on their way into limit_history; no history of its own');
