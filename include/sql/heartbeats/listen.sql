-- What ped_limits_sync listens for: how old the newest cycle is, which DAGs that failed finish again, whether somebody
-- reported a run that failed, and whether the platform's part of the outbox waits for a sender. Two tables, one row; UTC.
-- Of the outbox it reads what was written since @since. What is older and still matters it says itself, in `open_since`:
-- who asks again asks from there, so that a DAG that has failed for months is not forgotten.
-- Parameters: @now, @since TIMESTAMP; @cursor TIMESTAMP: the newest cycle that was folded, which is known before.
{% from 'alerts/_run_rows.sql' import is_about_runs -%}
WITH
live_beats AS (
  -- A cycle that was run twice finished once.
  SELECT
    b.dag_id,
    b.cycle,
    MAX(b.finished_at) AS finished_at
  FROM `{{ dataset }}.heartbeats` AS b
  WHERE b.cycle > TIMESTAMP_SUB(@now, INTERVAL 35 DAY) AND b.cycle <= @now AND b.origin = 'live'
  GROUP BY b.dag_id, b.cycle
),

platform_rows AS (
  SELECT
    n.episode_id,
    n.sequence,
    n.cycle,
    n.reason,
    n.channel,
    n.destination,
    n.told_state,
    n.status,
    n.next_attempt_at,
    n.lease_expires_at,
    n.created_at,
    JSON_VALUE(n.told_state, '$.kind') AS kind,
    COALESCE(JSON_VALUE(n.told_state, '$.dag_id'), JSON_VALUE(n.told_state, '$.kind')) AS about
  FROM `{{ dataset }}.notifications` AS n
  WHERE n.created_at >= @since AND n.team_id IS NULL
),

told AS (
  -- The newest word about each DAG, and about each kind of silence; copies by mail or webhook follow what Slack is told.
  SELECT p.*
  FROM platform_rows AS p
  WHERE
    p.reason IN ('dag_failed', 'dag_recovered', 'silence', 'silence_over') AND p.channel NOT LIKE '%:%'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY p.about ORDER BY p.created_at DESC, p.sequence DESC) = 1
),

newest_failures AS (
  -- Of each DAG the run that failed last, told or not: what finished before it says nothing of what comes after.
  SELECT
    p.about,
    ARRAY_AGG(STRUCT(p.cycle, p.created_at) ORDER BY p.cycle DESC, p.created_at DESC LIMIT 1)[OFFSET(0)] AS run
  FROM platform_rows AS p
  WHERE p.reason IN ('run_failed', 'dag_failed')
  GROUP BY p.about
),

undelivered AS (
  SELECT p.*
  FROM platform_rows AS p
  WHERE p.status IN ('unsent', 'sending', 'ambiguous', 'reported')
),

failed_dags AS (
  -- A run that was cleared keeps its cycle, and finishes after its failure was told.
  SELECT
    t.about AS dag_id,
    t.episode_id,
    t.sequence,
    t.channel,
    t.destination,
    t.told_state,
    ARRAY_AGG(b.cycle IGNORE NULLS ORDER BY b.cycle DESC LIMIT 3) AS finished_cycles
  FROM told AS t
  INNER JOIN newest_failures AS f ON t.about = f.about
  LEFT JOIN live_beats AS b
    ON
      t.about = b.dag_id
      AND f.run.cycle <= b.cycle
      AND (f.run.cycle < b.cycle OR f.run.created_at < b.finished_at)
  WHERE t.reason = 'dag_failed'
  GROUP BY t.about, t.episode_id, t.sequence, t.channel, t.destination, t.told_state
),

silences AS (
  -- With the first cycle that finished after it began.
  SELECT
    t.kind,
    t.episode_id,
    t.sequence,
    t.cycle,
    t.reason,
    t.channel,
    t.destination,
    t.told_state,
    MIN(b.cycle) AS first_finished_cycle
  FROM told AS t
  LEFT JOIN live_beats AS b
    ON
      b.dag_id = 'ped_replica_watch'
      AND b.cycle > COALESCE(TIMESTAMP(JSON_VALUE(t.told_state, '$.since')), TIMESTAMP '1970-01-01 00:00:00+00')
  WHERE t.reason IN ('silence', 'silence_over')
  GROUP BY t.kind, t.episode_id, t.sequence, t.cycle, t.reason, t.channel, t.destination, t.told_state
)

SELECT
  @cursor AS judged_cycle,
  (SELECT MAX(b.cycle) FROM live_beats AS b WHERE b.dag_id = 'ped_replica_watch') AS finished_cycle,
  (SELECT MIN(b.cycle) FROM live_beats AS b WHERE b.dag_id = 'ped_limits_sync') AS first_synced_cycle,
  ARRAY(SELECT AS STRUCT s.* FROM silences AS s ORDER BY s.kind) AS silences,
  ARRAY(SELECT AS STRUCT f.* FROM failed_dags AS f ORDER BY f.dag_id) AS failed_dags,
  (
    SELECT COUNT(*)
    FROM undelivered AS u
    WHERE
      u.status != 'reported'
      AND COALESCE(u.next_attempt_at, TIMESTAMP '1970-01-01 00:00:00+00') <= @now
      AND COALESCE(u.lease_expires_at, TIMESTAMP '1970-01-01 00:00:00+00') <= @now
  ) AS waiting,
  (SELECT COUNT(*) FROM undelivered AS u WHERE u.status = 'reported') AS reported,
  (SELECT COUNT(*) FROM platform_rows AS n WHERE {{ is_about_runs('n') }}) AS run_rows,
  LEAST(
    COALESCE((SELECT MIN(u.created_at) FROM undelivered AS u), @now),
    COALESCE((SELECT MIN(t.created_at) FROM told AS t WHERE t.reason IN ('dag_failed', 'silence')), @now)
  ) AS open_since
