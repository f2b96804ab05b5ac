-- One row per evidence pack; writing the same pack again changes nothing.
-- Parameters: @report_id, @label, @location, @manifest_sha256, @run_id STRING; @from_cycle, @to_cycle, @written_at
-- TIMESTAMP; @verdict_rows INT64.
MERGE `{{ dataset }}.audit_reports` AS known
USING (SELECT @report_id AS report_id, @manifest_sha256 AS manifest_sha256) AS written
  ON known.report_id = written.report_id
WHEN MATCHED AND known.manifest_sha256 != written.manifest_sha256 THEN
  UPDATE SET
    manifest_sha256 = written.manifest_sha256,
    verdict_rows = @verdict_rows,
    run_id = @run_id,
    written_at = @written_at
WHEN NOT MATCHED THEN
  INSERT (report_id, label, from_cycle, to_cycle, location, manifest_sha256, verdict_rows, run_id, written_at)
  VALUES (
    written.report_id, @label, @from_cycle, @to_cycle, @location, written.manifest_sha256, @verdict_rows, @run_id,
    @written_at
  )
