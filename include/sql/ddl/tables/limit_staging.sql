-- What one sync writes to limit_history, on its way there: a load job replaces it, commit_sync.sql reads it.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.limit_staging` (
  sync_id STRING NOT NULL OPTIONS (description = 'Sync the row belongs to'),
  operation STRING NOT NULL OPTIONS (description = 'close: end the recorded range of the row now believed; open: a new row'),
  limit_id STRING NOT NULL OPTIONS (description = 'As in limit_history, like all columns below'),
  valid_from TIMESTAMP NOT NULL OPTIONS (description = 'With limit_id, the key of the row to close'),
  api_id STRING OPTIONS (description = 'API'),
  team_id STRING OPTIONS (description = 'Team'),
  environment STRING OPTIONS (description = 'Environment'),
  scope STRING OPTIONS (description = 'cluster | workload | total'),
  selectors STRUCT<
    cluster STRING OPTIONS (description = 'Glob over the cluster name'),
    namespace STRING OPTIONS (description = 'Glob over the namespace'),
    kind STRING OPTIONS (description = 'Glob over the workload kind'),
    name STRING OPTIONS (description = 'Glob over the workload name'),
    labels ARRAY<STRUCT<
      key STRING OPTIONS (description = 'Key of a further workload label'),
      value STRING OPTIONS (description = 'Glob over its value')
    >> OPTIONS (description = 'All of them must match')
  > OPTIONS (description = 'Narrows the match'),
  version INT64 OPTIONS (description = 'Version of the limit'),
  max_replicas INT64 OPTIONS (description = 'The ceiling, in pods'),
  approver STRING OPTIONS (description = 'Who granted the ceiling'),
  ticket STRING OPTIONS (description = 'Where the grant was asked for'),
  exemptions ARRAY<STRUCT<
    exemption_id STRING OPTIONS (description = 'Unique within the limit'),
    reason STRING OPTIONS (description = 'Why the limit may be exceeded'),
    ticket STRING OPTIONS (description = 'Where it was asked for'),
    approver STRING OPTIONS (description = 'Who agreed'),
    starts_at TIMESTAMP OPTIONS (description = 'First moment it counts, UTC'),
    ends_at TIMESTAMP OPTIONS (description = 'First moment it no longer counts, UTC'),
    max_replicas INT64 OPTIONS (description = 'Temporary ceiling in pods; NULL ignores the limit')
  >> OPTIONS (description = 'Exemptions asked for'),
  source_repo STRING OPTIONS (description = 'Repository of the PED file'),
  source_path STRING OPTIONS (description = 'Path of the PED file'),
  source_commit STRING OPTIONS (description = 'Commit of the PED file'),
  document_update_time TIMESTAMP OPTIONS (description = 'Firestore update_time of the version, UTC'),
  document_version INT64 OPTIONS (description = 'Number of the version in Firestore'),
  versions_missing INT64 OPTIONS (description = 'Versions before it that Firestore no longer had'),
  valid_to TIMESTAMP OPTIONS (description = 'First moment it no longer held, UTC'),
  content_sha256 STRING OPTIONS (description = 'Hash of the content'),
  is_deleted BOOL OPTIONS (description = 'A tombstone')
)
OPTIONS (description = 'Rows of the newest sync on their way into limit_history; no history of its own');
