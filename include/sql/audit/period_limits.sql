-- Every limit version that held, as believed at any time, at some time of a period: an audit keeps those it has used.
-- A version is shown as it was first believed, without its end: what was learnt later must not change a pack's bytes.
-- One row per limit and version.
-- Parameters: @period_start, @period_end TIMESTAMP.
SELECT
  limit_id,
  version,
  api_id,
  team_id,
  environment,
  scope,
  selectors.cluster AS cluster_selector,
  selectors.namespace AS namespace_selector,
  selectors.kind AS kind_selector,
  selectors.name AS name_selector,
  TO_JSON_STRING(selectors.labels) AS label_selectors,
  max_replicas,
  approver,
  ticket,
  TO_JSON_STRING(exemptions) AS exemptions,
  source_repo,
  source_path,
  source_commit,
  document_update_time,
  valid_from,
  recorded_from AS first_recorded_from,
  content_sha256
FROM `{{ dataset }}.limit_history`
WHERE
  valid_from < @period_end
  AND @period_start < valid_to
  AND NOT is_deleted
QUALIFY ROW_NUMBER() OVER (PARTITION BY limit_id, version ORDER BY recorded_from, valid_from) = 1
ORDER BY limit_id, version
