-- Cursor, episodes and outbox rows commit together or not at all (docs/design.md#d7, #d8). Run again after a crash it
-- changes nothing; two folds at once: the cursor has moved, and the second one stops.
-- Writes one row per episode and one per notification; returns none.
-- Parameters: @cycle, @computed_at, @expected_cursor TIMESTAMP; @run_id STRING; @episodes ARRAY<STRUCT<episode_id
-- STRING, fingerprint STRING, subject STRING, kind STRING, scope STRING, environment STRING, cluster STRING, namespace
-- STRING, workload_kind STRING, workload_name STRING, api_id STRING, team_id STRING, limit_id STRING, state STRING,
-- severity STRING, is_exempted BOOL, is_blind BOOL, started_cycle TIMESTAMP, fired_cycle TIMESTAMP, resolved_cycle
-- TIMESTAMP, last_cycle TIMESTAMP, over_cycles INT64, unknown_cycles INT64, measured INT64, max_replicas INT64,
-- ceiling INT64, limit_version INT64, peak_measured INT64, peak_cycle TIMESTAMP, offender STRING, end_reason STRING,
-- previous_episode_id STRING, fold_state STRING>>; @notifications ARRAY<STRUCT<notification_id STRING, episode_id
-- STRING, sequence INT64, team_id STRING, cycle TIMESTAMP, reason STRING, destination STRING, channel STRING,
-- told_state STRING, message STRING, status STRING, told_by STRING>>.
{%- set folded_episodes = 'SELECT e.* FROM UNNEST(@episodes) AS e' %}
{%- set folded_notifications = 'SELECT n.* FROM UNNEST(@notifications) AS n' %}
BEGIN TRANSACTION;

{% include 'alerts/_fold_merges.sql' %}
COMMIT TRANSACTION;
