-- The outbox (docs/design.md#d8): what was, or is to be, told in a channel. Written in one transaction with the
-- episodes. One row per state told of an episode and channel.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.notifications` (
  notification_id STRING NOT NULL OPTIONS (description = 'uuid5 of episode, told-state sequence and channel'),
  episode_id STRING NOT NULL OPTIONS (description = 'Episode told about'),
  sequence INT64 NOT NULL OPTIONS (description = 'Counts the states told of the episode in the channel, from 1'),
  team_id STRING OPTIONS (description = 'Team'),
  cycle TIMESTAMP NOT NULL OPTIONS (description = 'Cycle whose state it tells, UTC'),
  reason STRING NOT NULL OPTIONS (description = 'first | worse | steady | reminder | acknowledged | flapping | frozen | judged_again | exempted | exemption_ending | exemption_ended | exemption_exceeded | resolved | storm | some_back | shadowed | dead_letter | odd_answer | run_failed | dag_failed | dag_recovered | silence | silence_over | limit_rejected | limit_accepted | foreign_messages | foreign_messages_over | welcome | digest'),
  destination STRING NOT NULL OPTIONS (description = 'team | canary | suppressed'),
  channel STRING NOT NULL OPTIONS (description = 'Slack channel id; mailto:<address> or webhook:<connection> for copies'),
  told_state STRING NOT NULL OPTIONS (description = 'JSON: the episode state this message tells'),
  message STRING NOT NULL OPTIONS (description = 'JSON: the neutral message the formatter renders'),
  status STRING NOT NULL OPTIONS (description = 'unsent | sending | sent | ambiguous | suppressed | grouped (told by a storm) | dead; of the report run_failed, which is never sent: reported (nobody has read it yet) | settled (told_by names what tells of it)'),
  attempts INT64 NOT NULL OPTIONS (description = 'Sends tried'),
  next_attempt_at TIMESTAMP OPTIONS (description = 'Not before, UTC'),
  channel_failing_since TIMESTAMP OPTIONS (description = 'Since when the channel takes nothing at all, as the last attempt found: it is left alone until next_attempt_at; NULL when this message alone failed, UTC'),
  lease_owner STRING OPTIONS (description = 'Who is sending'),
  lease_expires_at TIMESTAMP OPTIONS (description = 'When another may take over, UTC'),
  parent_ts STRING OPTIONS (description = 'Slack ts of the episode parent message'),
  message_ts STRING OPTIONS (description = 'Slack ts of the message this row posted: the parent or a thread reply'),
  permalink STRING OPTIONS (description = 'Slack link to the parent message, on the row that posted it'),
  told_by STRING OPTIONS (description = 'Notification whose message tells of this one: of a grouped one a storm of the same cycle, of a report the word about its DAG'),
  alert_id STRING OPTIONS (description = 'Notification that told the platform of this dead letter'),
  error STRING OPTIONS (description = 'Last error, secrets removed'),
  created_at TIMESTAMP NOT NULL OPTIONS (description = 'Settings clock, UTC'),
  sent_at TIMESTAMP OPTIONS (description = 'Settings clock, UTC'),
  run_id STRING NOT NULL OPTIONS (description = 'Airflow run that wrote the row')
)
PARTITION BY TIMESTAMP_TRUNC(created_at, MONTH)
CLUSTER BY episode_id
OPTIONS (description = 'The outbox: every message, sent or not');
