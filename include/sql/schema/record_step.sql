-- Notes that the tables have reached a schema; again it changes nothing. Writes one row per step; returns none.
-- Parameters: @number INT64; @migration STRING; @applied_at TIMESTAMP; @run_id STRING;
-- @environment STRING: whose the dataset is, NULL where nobody says.
MERGE `{{ dataset }}.schema_version` AS t
USING (SELECT @number AS number) AS n
  ON t.number = n.number
WHEN NOT MATCHED THEN
  INSERT (number, migration, applied_at, run_id, environment)
  VALUES (n.number, @migration, @applied_at, @run_id, @environment)
