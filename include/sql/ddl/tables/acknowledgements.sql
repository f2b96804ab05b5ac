-- Who takes care of an episode: rows are only added. It quiets reminders until the episode is worse, or ends.
-- One row per acknowledgement.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.acknowledgements` (
  acknowledgement_id STRING NOT NULL OPTIONS (description = 'uuid5 of episode, person, way and severity; of a command also of its time'),
  episode_id STRING NOT NULL OPTIONS (description = 'Episode, or the storm that tells of it'),
  acknowledged_by STRING NOT NULL OPTIONS (description = 'Slack user id, or the account that ran the command, as BigQuery knows it'),
  via STRING NOT NULL OPTIONS (description = 'reaction | command'),
  severity STRING OPTIONS (description = 'How bad it was: warning | critical; a worse one is not acknowledged by it'),
  note STRING OPTIONS (description = 'What they said, with the command'),
  acknowledged_at TIMESTAMP NOT NULL OPTIONS (description = 'When the command ran, or the reaction was seen; settings clock, UTC')
)
PARTITION BY TIMESTAMP_TRUNC(acknowledged_at, MONTH)
CLUSTER BY episode_id
OPTIONS (description = 'Who takes care of what, since when');
