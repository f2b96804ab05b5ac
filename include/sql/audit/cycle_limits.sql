-- The limit versions a cycle is judged by, as known at @known_at, for an evidence pack. One row per limit.
-- Parameters: @cycle, @known_at TIMESTAMP.
WITH
limits_in_force AS (
  {% include 'limits/limits_as_of.sql' %}
)

SELECT
  limit_id,
  api_id,
  team_id,
  environment,
  scope,
  selectors.cluster AS cluster_selector,
  selectors.namespace AS namespace_selector,
  selectors.kind AS kind_selector,
  selectors.name AS name_selector,
  TO_JSON_STRING(selectors.labels) AS label_selectors,
  version,
  max_replicas,
  approver,
  ticket,
  ARRAY_LENGTH(exemptions) AS exemption_count,
  source_repo,
  source_path,
  source_commit,
  valid_from,
  valid_to,
  recorded_from,
  content_sha256
FROM limits_in_force
ORDER BY limit_id
