-- Who takes care of these episodes, and of the storms that tell of them. Asked only while something fires that was told.
-- One row per acknowledgement, the oldest first.
-- Parameters: @episode_ids ARRAY<STRING>.
SELECT
  a.acknowledgement_id,
  a.episode_id,
  a.acknowledged_by,
  a.via,
  a.severity,
  a.note,
  a.acknowledged_at
FROM `{{ dataset }}.acknowledgements` AS a
WHERE a.episode_id IN UNNEST(@episode_ids)
ORDER BY a.acknowledged_at, a.acknowledgement_id
