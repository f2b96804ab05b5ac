-- Documents that did not validate: nothing is lost, the previous valid limit stays in force. A row is one stay, from
-- first_seen to last_seen, both included, or on while it is current: what comes again is a row of its own.
-- One row per document, reason and stay.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.limit_rejections` (
  document_id STRING NOT NULL OPTIONS (description = 'Firestore document id'),
  reason STRING NOT NULL OPTIONS (description = 'Field, what is wrong and how to mend it'),
  content_sha256 STRING NOT NULL OPTIONS (description = 'Hash of the rejected content'),
  first_seen TIMESTAMP NOT NULL OPTIONS (description = 'read_time of the first sync that saw it, UTC'),
  last_seen TIMESTAMP NOT NULL OPTIONS (description = 'read_time of the last sync that saw it, UTC; of one that has ended until when it was known, just before the next'),
  is_current BOOL NOT NULL OPTIONS (description = 'Whether the newest sync still saw it'),
  has_previous_limit BOOL NOT NULL OPTIONS (description = 'Whether an earlier valid version stays in force; a row of its own when that changes')
)
OPTIONS (description = 'Firestore documents that did not validate: a row per document, reason and stay');
