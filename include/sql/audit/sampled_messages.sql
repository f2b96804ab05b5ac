-- What was told of subjects' problems that were open at some cycle. One row per message, or one for a problem without any.
-- Parameters: @drawn ARRAY<STRUCT<cycle TIMESTAMP, fingerprint STRING>>.
SELECT
  d.cycle AS drawn_cycle,
  d.fingerprint,
  e.episode_id,
  e.started_cycle,
  e.fired_cycle,
  e.resolved_cycle,
  e.end_reason,
  n.notification_id,
  n.sequence,
  n.cycle,
  n.reason,
  n.destination,
  n.channel,
  n.status,
  n.sent_at,
  n.permalink,
  n.error
FROM UNNEST(@drawn) AS d
INNER JOIN `{{ dataset }}.episodes` AS e
  ON
    d.fingerprint = e.fingerprint
    AND e.started_cycle <= d.cycle
    AND d.cycle <= COALESCE(e.resolved_cycle, IF(e.state = 'inactive', e.last_cycle, d.cycle))
LEFT JOIN `{{ dataset }}.notifications` AS n ON e.episode_id = n.episode_id
ORDER BY d.cycle, d.fingerprint, e.started_cycle, n.sequence, n.channel
