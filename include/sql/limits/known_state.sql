-- What is recorded of every document: when its newest version was written, and whether it was withdrawn. What a full
-- sync compares Firestore's listing with. One row per document.
SELECT
  history.limit_id,
  history.document_update_time,
  history.is_deleted
FROM
  `{{ dataset }}.limit_history` AS history
WHERE
  history.recorded_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
  -- The newest version is the one that reaches to the end of time.
  AND history.valid_to = TIMESTAMP '9999-12-31 23:59:59.999999+00'
