-- What is recorded of each day of a period, and since when: a pack that was made before lacks it.
-- What is believed of a limit is looked at as far as it concerns the day: that a version ends, or another one begins,
-- outside of it changes nothing there. A cycle is unfinished when some cluster was seen in it, and no run of it finished.
-- One row per day that is asked for.
-- Parameters:
--   @days ARRAY<STRUCT<day DATE, day_start TIMESTAMP, day_end TIMESTAMP>>: each with its first moment and that of the next
--   @period_start TIMESTAMP: where the first of them begins
--   @period_end TIMESTAMP: where the last of them ends
WITH
asked_days AS (
  SELECT
    asked.day,
    asked.day_start,
    asked.day_end
  FROM UNNEST(@days) AS asked
),

recorded_cycles AS (
  SELECT
    runs.cycle,
    MAX(runs.cycle_minutes) AS cycle_minutes,
    LOGICAL_OR(COALESCE(runs.error_class, '') != 'missed_cycle') AS was_looked_at,
    LOGICAL_OR(runs.status IN ('complete', 'partial')) AS was_seen,
    MAX(runs.recorded_at) AS recorded_at
  FROM `{{ dataset }}.collection_runs` AS runs
  WHERE runs.cycle >= @period_start AND runs.cycle < @period_end
  GROUP BY runs.cycle
),

finished_cycles AS (
  SELECT DISTINCT beats.cycle
  FROM `{{ dataset }}.heartbeats` AS beats
  WHERE beats.cycle >= @period_start AND beats.cycle < @period_end AND beats.dag_id = 'ped_replica_watch'
),

observed_days AS (
  SELECT
    d.day,
    COUNT(*) AS cycles,
    SUM(IF(c.was_looked_at, c.cycle_minutes, 0)) AS looked_minutes,
    COUNTIF(c.was_seen AND f.cycle IS NULL) AS unfinished_cycles,
    MIN(IF(c.was_seen AND f.cycle IS NULL, c.cycle, NULL)) AS first_unfinished,
    MAX(IF(c.was_seen AND f.cycle IS NULL, c.cycle, NULL)) AS last_unfinished,
    MAX(c.recorded_at) AS recorded_at
  FROM asked_days AS d
  INNER JOIN recorded_cycles AS c ON c.cycle >= d.day_start AND c.cycle < d.day_end
  LEFT JOIN finished_cycles AS f ON c.cycle = f.cycle
  GROUP BY d.day
),

beliefs AS (
  SELECT
    d.day,
    history.limit_id,
    history.version,
    history.content_sha256,
    GREATEST(history.valid_from, d.day_start) AS held_from,
    LEAST(history.valid_to, d.day_end) AS held_to,
    history.recorded_from,
    history.recorded_to
  FROM asked_days AS d
  INNER JOIN `{{ dataset }}.limit_history` AS history
    ON history.valid_from < d.day_end AND d.day_start < history.valid_to
  WHERE NOT history.is_deleted
),

learnt_limits AS (
  -- A belief that ends where one of the same content begins was not given up.
  SELECT
    b.day,
    b.limit_id,
    change.learnt_at
  FROM beliefs AS b
  CROSS JOIN
    UNNEST([STRUCT(b.recorded_from AS learnt_at, 1 AS step), STRUCT(b.recorded_to AS learnt_at, -1 AS step)]) AS change
  WHERE change.learnt_at < TIMESTAMP '9999-12-31 23:59:59.999999+00'
  GROUP BY b.day, b.limit_id, b.version, b.content_sha256, b.held_from, b.held_to, change.learnt_at
  HAVING SUM(change.step) != 0
),

learnt_days AS (
  SELECT
    l.day,
    MAX(l.learnt_at) AS learnt_at
  FROM learnt_limits AS l
  GROUP BY l.day
)

SELECT
  d.day,
  COALESCE(o.cycles, 0) AS cycles,
  COALESCE(o.looked_minutes, 0) AS looked_minutes,
  COALESCE(o.unfinished_cycles, 0) AS unfinished_cycles,
  o.first_unfinished,
  o.last_unfinished,
  o.recorded_at AS observations_recorded_at,
  l.learnt_at AS limits_learnt_at
FROM asked_days AS d
LEFT JOIN observed_days AS o ON d.day = o.day
LEFT JOIN learnt_days AS l ON d.day = l.day
ORDER BY d.day
