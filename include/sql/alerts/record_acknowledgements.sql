-- Acknowledgements that were seen or given just now; written again they change nothing.
-- Writes one row per acknowledgement; returns none.
-- Parameters: @acknowledgements ARRAY<STRUCT<acknowledgement_id STRING, episode_id STRING, acknowledged_by STRING, via
-- STRING, severity STRING, note STRING, acknowledged_at TIMESTAMP>>: acknowledged_by is NULL for who runs this.
MERGE `{{ dataset }}.acknowledgements` AS known
USING (SELECT a.* FROM UNNEST(@acknowledgements) AS a) AS given
  ON known.acknowledgement_id = given.acknowledgement_id
WHEN NOT MATCHED THEN
  INSERT (acknowledgement_id, episode_id, acknowledged_by, via, severity, note, acknowledged_at)
  VALUES (
    given.acknowledgement_id, given.episode_id, COALESCE(given.acknowledged_by, SESSION_USER()), given.via,
    given.severity, given.note, given.acknowledged_at
  )
