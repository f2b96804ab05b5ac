-- Written last by a run: a run without a heartbeat did not finish. A repeated run renews its own row.
-- Writes one row per run; returns none.
-- Parameters: @dag_id, @run_id, @run_type, @origin STRING; @cycle, @finished_at TIMESTAMP; @notifications_sent INT64.
MERGE `{{ dataset }}.heartbeats` AS known
USING (SELECT @run_id AS run_id) AS finished
  ON known.cycle = @cycle AND known.dag_id = @dag_id AND known.run_id = finished.run_id
WHEN MATCHED THEN
  UPDATE SET
    finished_at = @finished_at,
    run_type = @run_type,
    origin = @origin,
    notifications_sent = @notifications_sent
WHEN NOT MATCHED THEN
  INSERT (dag_id, cycle, run_id, run_type, origin, finished_at, notifications_sent)
  VALUES (@dag_id, @cycle, finished.run_id, @run_type, @origin, @finished_at, @notifications_sent)
