-- Advisory findings for the digest, never a page (docs/design.md#d1); only rules that are asked for. Times UTC.
-- One row per finding.
-- Parameters: @now TIMESTAMP; @rules ARRAY<STRING>: of hpa_max_over_limit, hpa_max_differs, sudden_change, near_limit,
--   orphan_limit, contested.
{%- from 'limits/_holds.sql' import holds %}
WITH
recent_ledger AS (
  SELECT v.*
  FROM `{{ dataset }}.verdicts` AS v
  WHERE v.cycle > TIMESTAMP_SUB(@now, INTERVAL 1 DAY) AND v.cycle <= @now AND v.origin = 'live'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY v.cycle, v.fingerprint ORDER BY v.revision) = 1
),

verdicts_now AS (
  SELECT *
  FROM recent_ledger
  WHERE cycle = (SELECT MAX(r.cycle) FROM recent_ledger AS r)
),

changes AS (
  -- What was asked for, from cycle to cycle: a rollout's surge does not show in it.
  SELECT
    v.*,
    LAG(v.spec_replicas) OVER (PARTITION BY v.fingerprint ORDER BY v.cycle) AS previous_spec_replicas,
    LAG(v.workload_count) OVER (PARTITION BY v.fingerprint ORDER BY v.cycle) AS previous_workload_count
  FROM recent_ledger AS v
  WHERE v.spec_replicas IS NOT NULL AND NOT v.is_lower_bound
),

latest_changes AS (
  SELECT *
  FROM changes
  WHERE
    workload_count = previous_workload_count
    AND ABS(spec_replicas - previous_spec_replicas) >= 5
    AND GREATEST(spec_replicas, previous_spec_replicas) >= 2 * LEAST(spec_replicas, previous_spec_replicas)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY cycle DESC) = 1
),

near_subjects AS (
  -- From ninety per cent of the ceiling in every cycle that could be measured, over three hours.
  SELECT v.fingerprint
  FROM recent_ledger AS v
  WHERE v.cycle >= TIMESTAMP_SUB(@now, INTERVAL {{ 180 + cycle_minutes }} MINUTE) AND v.measured IS NOT NULL AND NOT v.is_lower_bound
  GROUP BY v.fingerprint
  HAVING
    MIN(v.cycle) <= TIMESTAMP_SUB(@now, INTERVAL {{ 180 - cycle_minutes }} MINUTE)
    AND LOGICAL_AND(v.ceiling > 0 AND v.measured >= 0.9 * v.ceiling AND v.verdict = 'within_limit')
),

findings AS (
  SELECT
    'hpa_max_over_limit' AS rule,
    v.team_id,
    v.api_id,
    v.environment,
    v.cluster,
    v.subject,
    CONCAT('HPA max ', v.hpa_max_replicas, ', limit ', v.max_replicas) AS detail
  FROM verdicts_now AS v
  WHERE v.hpa_max_replicas > v.max_replicas
  UNION ALL
  SELECT
    'hpa_max_differs' AS rule,
    v.team_id,
    v.api_id,
    v.environment,
    v.cluster,
    v.subject,
    CONCAT('HPA max ', v.hpa_max_replicas, ', limit ', v.max_replicas) AS detail
  FROM verdicts_now AS v
  WHERE v.hpa_max_replicas != v.max_replicas
  UNION ALL
  SELECT
    'sudden_change' AS rule,
    c.team_id,
    c.api_id,
    c.environment,
    c.cluster,
    c.subject,
    CONCAT(
      'asked for ', c.previous_spec_replicas, ', then ', c.spec_replicas, ' at ',
      FORMAT_TIMESTAMP('%Y-%m-%d %H:%M', c.cycle), ' UTC'
    ) AS detail
  FROM latest_changes AS c
  UNION ALL
  SELECT
    'near_limit' AS rule,
    v.team_id,
    v.api_id,
    v.environment,
    v.cluster,
    v.subject,
    CONCAT(v.measured, ' of ', v.ceiling, ' for three hours') AS detail
  FROM verdicts_now AS v
  INNER JOIN near_subjects AS n ON v.fingerprint = n.fingerprint
  UNION ALL
  SELECT
    'orphan_limit' AS rule,
    l.team_id,
    l.api_id,
    l.environment,
    CAST(NULL AS STRING) AS cluster,
    l.limit_id AS subject,
    'matches no workload in a day' AS detail
  FROM `{{ dataset }}.limit_history` AS l
  LEFT JOIN recent_ledger AS v ON l.limit_id = v.limit_id AND v.workload_count > 0
  WHERE {{ holds('l', '@now', '@now') }} AND v.limit_id IS NULL AND EXISTS (SELECT 1 FROM recent_ledger)
  UNION ALL
  SELECT
    'contested' AS rule,
    v.team_id,
    v.api_id,
    v.environment,
    v.cluster,
    v.subject,
    CONCAT('several limits match; judged by ', v.limit_id) AS detail
  FROM verdicts_now AS v
  WHERE v.is_contested
)

SELECT f.*
FROM findings AS f
WHERE f.rule IN UNNEST(@rules)
ORDER BY f.rule, f.environment, f.subject
