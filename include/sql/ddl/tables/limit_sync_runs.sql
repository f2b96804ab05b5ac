-- One row per committed sync of Firestore into limit_history (docs/design.md#d11).
CREATE TABLE IF NOT EXISTS `{{ dataset }}.limit_sync_runs` (
  sync_id STRING NOT NULL OPTIONS (description = 'Airflow run id of the sync'),
  read_time TIMESTAMP NOT NULL OPTIONS (description = 'The one Firestore read_time all reads used, UTC'),
  committed_at TIMESTAMP NOT NULL OPTIONS (description = 'When the history was written, settings clock, UTC'),
  mode STRING NOT NULL OPTIONS (description = 'incremental | full'),
  documents_read INT64 NOT NULL OPTIONS (description = 'Firestore documents read'),
  documents_known INT64 NOT NULL OPTIONS (description = 'Documents known after the sync, tombstones not counted'),
  documents_sha256 STRING OPTIONS (description = 'Fingerprint of the limits Firestore listed; NULL for incremental'),
  changes INT64 NOT NULL OPTIONS (description = 'limit versions written'),
  rejections INT64 NOT NULL OPTIONS (description = 'Documents that did not validate at this read_time'),
  policy_version STRING NOT NULL OPTIONS (description = 'The policy in force from this sync on: policy_history'),
  firestore_project STRING NOT NULL OPTIONS (description = 'Project of the database that was read'),
  firestore_database STRING NOT NULL OPTIONS (description = 'Database that was read'),
  firestore_collection STRING NOT NULL OPTIONS (description = 'Collection that was read')
)
PARTITION BY DATE(read_time)
OPTIONS (description = 'One row per committed limit sync; the newest read_time is how fresh the limits are');
