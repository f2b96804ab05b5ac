{%- from 'limits/_holds.sql' import holds -%}
{%- from 'verdicts/_subject_days.sql' import subject_days with context -%}
-- How much of its grant every limit in force uses: now, and at most in the last seven days. Below zero it is over.
-- Days as they were audited, and what no audit has come to yet as it was judged live. The partition filters are in here.
-- One row per limit in force and subject that it judged.
CREATE OR REPLACE VIEW `{{ dataset }}.headroom`
OPTIONS (description = 'Limit, use and peak of seven days per subject, as audited; the last day or two as judged live')
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

{{ subject_days('seen_subjects', 7, [
  'limit_id', 'scope', 'subject', 'cluster', 'peak_measured', 'peak_cycle', 'last_cycle', 'last_measured',
  'hpa_max_replicas'
]) }},

measured_subjects AS (
  SELECT
    limit_id,
    scope,
    subject,
    MAX(cluster) AS cluster,
    MAX(peak_measured) AS peak_measured,
    ARRAY_AGG(
      STRUCT(last_cycle AS cycle, last_measured AS measured, hpa_max_replicas) ORDER BY last_cycle DESC LIMIT 1
    )[OFFSET(0)] AS last_seen,
    ARRAY_AGG(peak_cycle ORDER BY peak_measured DESC, peak_cycle ASC LIMIT 1)[OFFSET(0)] AS peak_cycle
  FROM seen_subjects
  WHERE limit_id IS NOT NULL AND last_measured IS NOT NULL
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
