-- As alerts/commit_fold.sql, for a fold whose rows are too many for a request: a load job has staged them.
-- Writes one row per episode and one per notification; returns none.
-- Parameters: @cycle, @computed_at, @expected_cursor TIMESTAMP; @run_id STRING; @fold_id STRING: its rows in
-- fold_staging; @staged_rows INT64: how many, which guards the staging table.
{%- set staged = 'FROM `' ~ dataset ~ '.fold_staging` AS s WHERE s.fold_id = @fold_id' %}
{%- set folded_episodes = 'SELECT s.episode.* ' ~ staged ~ ' AND s.episode IS NOT NULL' %}
{%- set folded_notifications = 'SELECT s.notification.* ' ~ staged ~ ' AND s.notification IS NOT NULL' %}
BEGIN TRANSACTION;

IF (SELECT COUNT(*) {{ staged }}) != @staged_rows THEN
  RAISE USING MESSAGE = 'the staging table was replaced by another fold; this one wrote nothing, the next run catches up';
END IF;

{% include 'alerts/_fold_merges.sql' %}
COMMIT TRANSACTION;
