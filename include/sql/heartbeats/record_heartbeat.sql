-- Written last by a run: a cycle without a heartbeat did not finish. A repeated run renews its own row.
-- Parameters: @dag_id, @run_id, @run_type STRING; @cycle, @finished_at TIMESTAMP; @notifications_sent INT64.
MERGE `{{ dataset }}.heartbeats` AS known
USING (
  SELECT
    @run_id AS run_id,
    (
      SELECT COUNT(*) FROM `{{ dataset }}.verdicts` AS v WHERE v.cycle = @cycle AND v.run_id = @run_id
    ) AS verdicts_written
) AS finished
  ON known.cycle = @cycle AND known.dag_id = @dag_id AND known.run_id = finished.run_id
WHEN MATCHED THEN
  UPDATE SET
    finished_at = @finished_at,
    run_type = @run_type,
    verdicts_written = finished.verdicts_written,
    notifications_sent = @notifications_sent
WHEN NOT MATCHED THEN
  INSERT (dag_id, cycle, run_id, run_type, finished_at, verdicts_written, notifications_sent)
  VALUES (
    @dag_id, @cycle, finished.run_id, @run_type, @finished_at, finished.verdicts_written, @notifications_sent
  )
