{#- CTEs: the cycles of a period, what was known of limits when each was judged, and the policy in force. Ends in
    `cycles_of_part`. One row per cycle. -#}
collected_cycles AS (
  SELECT
    r.cycle,
    MAX(r.cycle_minutes) AS cycle_minutes
  FROM `{{ dataset }}.collection_runs` AS r
  WHERE {{ in_period('r.cycle') }}
  GROUP BY r.cycle
),

live_cycles AS (
  SELECT
    v.cycle,
    MIN(v.limits_known_at) AS known_at
  FROM `{{ dataset }}.verdicts` AS v
  WHERE {{ in_period('v.cycle') }} AND v.origin = 'live' AND v.revision = 1
  GROUP BY v.cycle
),

synced_cycles AS (
  -- For cycles that were never judged live: what a sync had committed by then.
  SELECT
    c.cycle,
    MAX(s.read_time) AS known_at
  FROM collected_cycles AS c
  INNER JOIN `{{ dataset }}.limit_sync_runs` AS s ON s.committed_at <= TIMESTAMP_ADD(c.cycle, INTERVAL 1 MINUTE)
  GROUP BY c.cycle
),

policy_spans AS (
  SELECT
    p.policy_version,
    p.valid_from,
    p.valid_to
  FROM `{{ dataset }}.policy_history` AS p
  WHERE p.team_id IS NULL AND p.api_id IS NULL
),

cycles_of_part AS (
  SELECT
    c.cycle,
    COALESCE(@known_at, l.known_at, s.known_at, c.cycle) AS known_at,
    p.policy_version,
    c.cycle_minutes
  FROM collected_cycles AS c
  INNER JOIN policy_spans AS p ON p.valid_from <= c.cycle AND c.cycle < p.valid_to
  LEFT JOIN live_cycles AS l ON c.cycle = l.cycle
  LEFT JOIN synced_cycles AS s ON c.cycle = s.cycle
)
