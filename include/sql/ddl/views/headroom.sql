{%- from 'limits/_holds.sql' import holds -%}
-- How much of its grant every limit in force uses: now, and at most in the last seven days. Below zero it is over.
-- The partition filter that `verdicts` requires is in here.
CREATE OR REPLACE VIEW `{{ dataset }}.headroom`
OPTIONS (description = 'Limit, use and peak of seven days per subject, from the live ledger')
AS
WITH
limits_in_force AS (
  SELECT
    h.limit_id,
    h.environment,
    h.team_id,
    h.api_id,
    h.scope,
    h.max_replicas
  FROM `{{ dataset }}.limit_history` AS h
  WHERE {{ holds('h', 'CURRENT_TIMESTAMP()', 'CURRENT_TIMESTAMP()') }}
),

recent_verdicts AS (
  SELECT *
  FROM `{{ dataset }}.verdicts`
  WHERE
    origin = 'live'
    AND cycle >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
    AND measured IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY cycle, fingerprint ORDER BY revision) = 1
),

measured_subjects AS (
  SELECT
    limit_id,
    scope,
    subject,
    MAX(cluster) AS cluster,
    MAX(measured) AS peak_measured,
    ARRAY_AGG(STRUCT(cycle, measured, hpa_max_replicas) ORDER BY cycle DESC LIMIT 1)[OFFSET(0)] AS last_seen,
    ARRAY_AGG(cycle ORDER BY measured DESC, cycle ASC LIMIT 1)[OFFSET(0)] AS peak_cycle
  FROM recent_verdicts
  WHERE limit_id IS NOT NULL
  GROUP BY limit_id, scope, subject
)

SELECT
  l.limit_id,
  l.environment,
  l.team_id,
  l.api_id,
  l.scope,
  m.subject,
  m.cluster,
  l.max_replicas,
  m.last_seen.cycle AS last_cycle,
  m.last_seen.measured,
  m.peak_measured,
  m.peak_cycle,
  m.last_seen.hpa_max_replicas,
  l.max_replicas - m.peak_measured AS headroom_replicas,
  SAFE_DIVIDE(m.peak_measured, l.max_replicas) AS utilisation
FROM limits_in_force AS l
LEFT JOIN measured_subjects AS m ON l.limit_id = m.limit_id AND l.scope = m.scope
