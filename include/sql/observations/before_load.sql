-- What stands before hours are loaded: how many rows each of their cycles has, which clusters were recorded complete in
-- them, and how fresh the limits are. One row.
-- Parameters: @cycle, @first_hour, @last_hour TIMESTAMP: hours by their beginning, both inclusive.
SELECT
  {% include 'limits/_newest_sync.sql' %} AS limits_known_at,
  ARRAY(
    SELECT AS STRUCT
      o.cycle,
      COUNT(*) AS row_count
    FROM `{{ dataset }}.replica_observations` AS o
    WHERE o.cycle >= @first_hour AND o.cycle < TIMESTAMP_ADD(@last_hour, INTERVAL 1 HOUR)
    GROUP BY o.cycle
    ORDER BY o.cycle
  ) AS loaded,
  ARRAY(
    SELECT AS STRUCT
      r.cycle,
      r.cluster
    FROM `{{ dataset }}.collection_runs` AS r
    WHERE
      r.cycle >= @first_hour
      AND r.cycle < TIMESTAMP_ADD(@last_hour, INTERVAL 1 HOUR)
      AND r.status = 'complete'
    ORDER BY r.cycle, r.cluster
  ) AS recorded
