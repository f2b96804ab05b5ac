-- What stands before a cycle is loaded: which attempts of its hours have rows, and how many, what was recorded of each
-- cluster in them, and how fresh the limits are. One row.
-- Parameters: @cycle, @first_hour, @last_hour TIMESTAMP: hours by their beginning, both inclusive.
SELECT
  {% include 'limits/_newest_sync.sql' %} AS limits_known_at,
  ARRAY(
    SELECT AS STRUCT
      o.cycle,
      o.cluster,
      o.attempt_id,
      COUNT(*) AS row_count
    FROM `{{ dataset }}.replica_observations` AS o
    WHERE o.cycle >= @first_hour AND o.cycle < TIMESTAMP_ADD(@last_hour, INTERVAL 1 HOUR)
    GROUP BY o.cycle, o.cluster, o.attempt_id
    ORDER BY o.cycle, o.cluster, o.attempt_id
  ) AS loaded,
  ARRAY(
    SELECT AS STRUCT
      r.cycle,
      r.cluster,
      r.status,
      r.attempt_id
    FROM `{{ dataset }}.collection_runs` AS r
    WHERE
      r.cycle >= @first_hour
      AND r.cycle < TIMESTAMP_ADD(@last_hour, INTERVAL 1 HOUR)
      AND r.attempt_id IS NOT NULL
    ORDER BY r.cycle, r.cluster
  ) AS recorded
