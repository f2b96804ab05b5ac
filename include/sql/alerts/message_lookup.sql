-- What messages say beyond their episodes: the last 20 counts, what was asked for, who granted the limit and where, the
-- exemption in force.
-- Run only in cycles that have something to tell, or an exemption to watch. One row per subject; times UTC.
-- Parameters: @cycle TIMESTAMP; @subjects ARRAY<STRUCT<fingerprint STRING, limit_id STRING, limit_version INT64>>.
WITH
subjects AS (
  SELECT s.* FROM UNNEST(@subjects) AS s
),

recent_ledger AS (
  SELECT v.*
  FROM `{{ dataset }}.verdicts` AS v
  WHERE
    v.cycle > TIMESTAMP_SUB(@cycle, INTERVAL {{ 20 * cycle_minutes }} MINUTE)
    AND v.cycle <= @cycle
    AND v.origin = 'live'
    AND v.fingerprint IN (SELECT s.fingerprint FROM subjects AS s)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY v.cycle, v.fingerprint ORDER BY v.revision) = 1
),

recent_counts AS (
  SELECT
    r.fingerprint,
    ARRAY_AGG(STRUCT(r.cycle, r.measured) ORDER BY r.cycle) AS recent,
    ARRAY_AGG(r.surge_allowance ORDER BY r.cycle DESC LIMIT 1)[OFFSET(0)] AS surge_allowance,
    ARRAY_AGG(r.is_past_deadline ORDER BY r.cycle DESC LIMIT 1)[OFFSET(0)] AS is_past_deadline,
    ARRAY_AGG(r.exemption_id ORDER BY r.cycle DESC LIMIT 1)[OFFSET(0)] AS exemption_id,
    ARRAY_AGG(r.spec_replicas ORDER BY r.cycle DESC LIMIT 1)[OFFSET(0)] AS spec_replicas,
    ARRAY_AGG(r.hpa_max_replicas ORDER BY r.cycle DESC LIMIT 1)[OFFSET(0)] AS hpa_max_replicas
  FROM recent_ledger AS r
  GROUP BY r.fingerprint
),

versions AS (
  SELECT h.*
  FROM `{{ dataset }}.limit_history` AS h
  WHERE h.limit_id IN (SELECT s.limit_id FROM subjects AS s)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY h.limit_id, h.version ORDER BY h.recorded_from DESC) = 1
),

exemptions AS (
  SELECT
    v.limit_id,
    v.version,
    x.exemption_id,
    x.reason,
    x.approver,
    x.ticket,
    x.max_replicas,
    x.ends_at
  FROM versions AS v
  CROSS JOIN UNNEST(v.exemptions) AS x
)

SELECT
  s.fingerprint,
  c.recent,
  c.surge_allowance,
  c.is_past_deadline,
  c.exemption_id,
  c.spec_replicas,
  c.hpa_max_replicas,
  v.approver,
  v.ticket,
  v.source_repo,
  v.source_path,
  v.source_commit,
  x.reason AS exemption_reason,
  x.approver AS exemption_approver,
  x.ticket AS exemption_ticket,
  x.max_replicas AS exemption_max_replicas,
  x.ends_at AS exemption_ends_at
FROM subjects AS s
LEFT JOIN recent_counts AS c ON s.fingerprint = c.fingerprint
LEFT JOIN versions AS v ON s.limit_id = v.limit_id AND s.limit_version = v.version
LEFT JOIN exemptions AS x
  ON s.limit_id = x.limit_id AND s.limit_version = x.version AND c.exemption_id = x.exemption_id
