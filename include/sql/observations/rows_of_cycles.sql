-- How many rows each cycle of an hour has.
-- Parameters: @hour TIMESTAMP: its beginning.
SELECT
  o.cycle,
  COUNT(*) AS row_count
FROM `{{ dataset }}.replica_observations` AS o
WHERE o.cycle >= @hour AND o.cycle < TIMESTAMP_ADD(@hour, INTERVAL 1 HOUR)
GROUP BY o.cycle
