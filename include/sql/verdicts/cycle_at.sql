-- The newest cycle that was recorded up to a moment, at most an hour before it; NULL where none was. Cycles were as long
-- then as they were, whatever the configuration says now. One row.
-- Parameters: @moment TIMESTAMP.
SELECT MAX(r.cycle) AS cycle
FROM `{{ dataset }}.collection_runs` AS r
WHERE r.cycle > TIMESTAMP_SUB(@moment, INTERVAL 1 HOUR) AND r.cycle <= @moment
