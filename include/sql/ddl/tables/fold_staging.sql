{%- from 'ddl/_staged_columns.sql' import staged_columns with context -%}
-- What one fold writes, on its way there when it is too much for a request: a load job replaces it, and
-- alerts/commit_staged_fold.sql reads it. One row per episode or notification.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.fold_staging` (
  fold_id STRING NOT NULL OPTIONS (description = 'Fold the row belongs to'),
  episode STRUCT<
    {{ staged_columns('episodes', 2) }}
  > OPTIONS (description = 'An episode that is new or changed, as in episodes; what the fold does not say is NULL'),
  notification STRUCT<
    {{ staged_columns('notifications', 2) }}
  > OPTIONS (description = 'A message, as in notifications; what its sending will say is NULL')
)
OPTIONS (description = 'Rows of the newest fold that was too large for a request, on their way; no history of its own');
