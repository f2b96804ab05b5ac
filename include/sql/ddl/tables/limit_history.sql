-- Every version of every PED limit, bitemporal (docs/design.md#d3): valid time says when a limit held, recorded time
-- when we knew. Both ranges are half-open and open ends are 9999-12-31 23:59:59.999999 UTC. For one limit no two rows
-- overlap in both times at once. Read it as of a cycle with:
--   valid_from <= @cycle AND @cycle < valid_to AND recorded_from <= @known_at AND @known_at < recorded_to
-- One row per version of a limit and what was believed of it.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.limit_history` (
  limit_id STRING NOT NULL OPTIONS (description = 'Firestore document id: <environment>.<team_id>.<api_id>[.<name>], dots within a part doubled'),
  api_id STRING NOT NULL OPTIONS (description = 'API the limit was granted to; equals the workloads api_id label'),
  team_id STRING NOT NULL OPTIONS (description = 'Team that owns the API; equals the workloads team_id label'),
  environment STRING NOT NULL OPTIONS (description = 'Environment the limit holds in; never summed across environments'),
  scope STRING NOT NULL OPTIONS (description = 'cluster | workload | total: what is counted against max_replicas'),
  selectors STRUCT<
    cluster STRING OPTIONS (description = 'Glob over the cluster name; NULL matches every cluster'),
    namespace STRING OPTIONS (description = 'Glob over the namespace; NULL matches every namespace'),
    kind STRING OPTIONS (description = 'Glob over the workload kind; NULL matches every kind'),
    name STRING OPTIONS (description = 'Glob over the workload name; NULL matches every name'),
    labels ARRAY<STRUCT<
      key STRING OPTIONS (description = 'Key of a further workload label, one of label_keys.also'),
      value STRING OPTIONS (description = 'Glob over the value of that label')
    >> OPTIONS (description = 'All of them must match; each makes the limit more specific')
  > OPTIONS (description = 'Narrows the match; with namespace or name it also matches workloads without labels'),
  version INT64 NOT NULL OPTIONS (description = 'Counts the recorded versions of this limit, from 1'),
  max_replicas INT64 NOT NULL OPTIONS (description = 'The ceiling, in pods'),
  approver STRING OPTIONS (description = 'Who granted the ceiling'),
  ticket STRING OPTIONS (description = 'Where the grant was asked for'),
  exemptions ARRAY<STRUCT<
    exemption_id STRING OPTIONS (description = 'Unique within the limit'),
    reason STRING OPTIONS (description = 'Why the limit may be exceeded'),
    ticket STRING OPTIONS (description = 'Where it was asked for; an exemption without one does not count'),
    approver STRING OPTIONS (description = 'Who agreed; counts only when on the allow-list and not of the team'),
    starts_at TIMESTAMP OPTIONS (description = 'First moment it counts, UTC, inclusive'),
    ends_at TIMESTAMP OPTIONS (description = 'First moment it no longer counts, UTC, at most 90 days after starts_at'),
    max_replicas INT64 OPTIONS (description = 'Temporary ceiling in pods; NULL ignores the limit altogether')
  >> OPTIONS (description = 'Exemptions asked for in the PED file; judged as of the cycle'),
  source_repo STRING OPTIONS (description = 'Repository of the PED file'),
  source_path STRING OPTIONS (description = 'Path of the PED file in its repository'),
  source_commit STRING OPTIONS (description = 'Commit of the PED file'),
  document_update_time TIMESTAMP NOT NULL OPTIONS (description = 'Firestore update_time of the version, UTC'),
  document_version INT64 OPTIONS (description = 'Number of the version in Firestore; NULL when nobody numbered it'),
  versions_missing INT64 NOT NULL OPTIONS (description = 'Versions before it that Firestore numbered but no longer had'),
  valid_from TIMESTAMP NOT NULL OPTIONS (description = 'First moment the version held, UTC, inclusive'),
  valid_to TIMESTAMP NOT NULL OPTIONS (description = 'First moment it no longer held, UTC, exclusive'),
  recorded_from TIMESTAMP NOT NULL OPTIONS (description = 'read_time of the sync that learnt this row, UTC, inclusive'),
  recorded_to TIMESTAMP NOT NULL OPTIONS (description = 'read_time of the sync that replaced this row, UTC, exclusive'),
  content_sha256 STRING NOT NULL OPTIONS (description = 'Hash of the document content without bookkeeping fields'),
  is_deleted BOOL NOT NULL OPTIONS (description = 'A withdrawn limit: a tombstone, no ceiling in force')
)
CLUSTER BY limit_id
OPTIONS (description = 'PED limits with valid time and recorded time; one row per version and belief');
