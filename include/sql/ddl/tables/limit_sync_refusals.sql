-- Syncs of limits that were refused; no row of limit_sync_runs, so that none counts as fresh (docs/design.md#d11).
-- One row per sync that was refused.
CREATE TABLE IF NOT EXISTS `{{ dataset }}.limit_sync_refusals` (
  sync_id STRING NOT NULL OPTIONS (description = 'Airflow run id of the sync'),
  refused_at TIMESTAMP NOT NULL OPTIONS (description = 'When it was last refused, settings clock, UTC'),
  reason STRING NOT NULL OPTIONS (
    description = 'mass_end: too many limits would have ended; other_source: it would have read from elsewhere'
  ),
  message STRING NOT NULL OPTIONS (description = 'Why, and what mends or allows it'),
  firestore_project STRING NOT NULL OPTIONS (description = 'Project that the configuration named'),
  firestore_database STRING NOT NULL OPTIONS (description = 'Database that the configuration named'),
  firestore_collection STRING NOT NULL OPTIONS (description = 'Collection that the configuration named')
)
CLUSTER BY sync_id
OPTIONS (description = 'Limit syncs that were refused, and why: nothing else was written by them');
