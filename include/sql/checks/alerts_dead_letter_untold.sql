-- #fail Dead letters that no message to the platform tells of: they are written in one transaction with it.
-- One row per dead letter.
SELECT
  dead.notification_id,
  dead.channel,
  dead.error
FROM
  `{{ dataset }}.notifications` AS dead
LEFT JOIN `{{ dataset }}.notifications` AS alert
  ON dead.alert_id = alert.notification_id
WHERE
  dead.status = 'dead'
  AND alert.notification_id IS NULL
