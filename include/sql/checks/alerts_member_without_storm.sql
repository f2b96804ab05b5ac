-- #fail Grouped messages whose storm does not exist: nobody was told. One row per grouped message.
SELECT
  member.notification_id,
  member.episode_id,
  member.told_by
FROM
  `{{ dataset }}.notifications` AS member
LEFT JOIN `{{ dataset }}.notifications` AS storm
  ON member.told_by = storm.notification_id
WHERE
  member.status = 'grouped'
  AND storm.notification_id IS NULL
