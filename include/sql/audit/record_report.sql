-- One row per entry of a chain; the same entry again changes nothing, and no row is ever changed.
-- Without a head before it, or anything recorded, that parameter is NULL.
-- Parameters: @label, @head_sha256, @previous_head_sha256, @period, @cause, @location, @manifest_sha256, @run_id STRING;
-- @sequence, @revision, @verdict_rows INT64; @from_cycle, @to_cycle, @inputs_as_of, @written_at TIMESTAMP.
MERGE `{{ dataset }}.audit_reports` AS known
USING (SELECT @label AS label, @sequence AS sequence) AS written
  ON known.label = written.label AND known.sequence = written.sequence
WHEN NOT MATCHED THEN
  INSERT (
    label, sequence, head_sha256, previous_head_sha256, period, revision, cause, from_cycle, to_cycle, location,
    manifest_sha256, verdict_rows, inputs_as_of, run_id, written_at
  )
  VALUES (
    written.label, written.sequence, @head_sha256, @previous_head_sha256, @period, @revision, @cause, @from_cycle,
    @to_cycle, @location, @manifest_sha256, @verdict_rows, @inputs_as_of, @run_id, @written_at
  )
