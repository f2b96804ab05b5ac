-- Documents that the newest sync could not understand. One row per document.
SELECT
  rejections.document_id,
  rejections.reason,
  rejections.content_sha256,
  rejections.has_previous_limit
FROM
  `{{ dataset }}.limit_rejections` AS rejections
WHERE
  rejections.is_current
ORDER BY
  rejections.document_id
