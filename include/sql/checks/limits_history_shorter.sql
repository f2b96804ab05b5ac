-- #warn Versions that Firestore numbered but that no sync could read: its archive lost them, or somebody removed them.
-- What held between the version before and this one is not known. One row per version behind a gap.
SELECT DISTINCT
  history.limit_id,
  history.version,
  history.document_version,
  history.versions_missing,
  history.document_update_time
FROM
  `{{ dataset }}.limit_history` AS history
WHERE
  history.versions_missing > 0
