-- Everything one fold needs, in one statement: the cursor, the live ledger after it for the subjects that matter, how
-- clusters were seen, the newest episodes of those subjects, and what was last told of them.
-- Parameters: @cycle TIMESTAMP. One row; times UTC.
WITH
fold_start AS (
  -- Without a cursor the fold begins with this cycle; after a long stop it looks back a day at most.
  SELECT
    GREATEST(
      COALESCE(MAX(cycle), TIMESTAMP_SUB(@cycle, INTERVAL 5 MINUTE)), TIMESTAMP_SUB(@cycle, INTERVAL 1 DAY)
    ) AS cycle
  FROM `{{ dataset }}.fold_cursor`
  WHERE name = 'live'
),

live_ledger AS (
  -- First revision of live origin: what arrives later is for audits (DESIGN D7).
  SELECT v.*
  FROM `{{ dataset }}.verdicts` AS v
  WHERE
    v.cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 25 HOUR)
    AND v.cycle <= @cycle
    AND v.origin = 'live'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY v.cycle, v.fingerprint ORDER BY v.revision) = 1
),

traced_ledger AS (
  SELECT
    l.*,
    LAG(l.max_replicas) OVER subject_line AS previous_max_replicas,
    LAG(l.limit_version) OVER subject_line AS previous_limit_version,
    LAG(l.spec_replicas) OVER subject_line AS previous_spec_replicas,
    LAG(l.hpa_max_replicas) OVER subject_line AS previous_hpa_max_replicas
  FROM live_ledger AS l
  CROSS JOIN fold_start AS f
  WHERE l.cycle >= TIMESTAMP_SUB(f.cycle, INTERVAL 15 MINUTE)
  WINDOW subject_line AS (PARTITION BY l.fingerprint ORDER BY l.cycle)
),

new_ledger AS (
  SELECT t.*
  FROM traced_ledger AS t
  CROSS JOIN fold_start AS f
  WHERE t.cycle > f.cycle
),

told_states AS (
  SELECT
    episode_id,
    sequence,
    told_state,
    channel,
    destination,
    reason,
    cycle
  FROM `{{ dataset }}.notifications`
  WHERE channel NOT LIKE '%:%'  -- copies by mail or webhook follow what Slack is told
  QUALIFY ROW_NUMBER() OVER (PARTITION BY episode_id ORDER BY sequence DESC) = 1
),

newest_episodes AS (
  SELECT *
  FROM `{{ dataset }}.episodes`
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY started_cycle DESC) = 1
),

needed_episodes AS (
  SELECT e.*
  FROM newest_episodes AS e
  WHERE
    e.state IN ('pending', 'firing', 'recovering')
    OR e.fingerprint IN (SELECT n.fingerprint FROM new_ledger AS n WHERE n.verdict IN ('over_limit', 'exempt'))
    OR e.kind != 'over_limit'
),

untold_episodes AS (
  -- Ended, and its channel still says it goes on: gates or an outage delayed the message, they never consume it.
  SELECT e.*
  FROM `{{ dataset }}.episodes` AS e
  INNER JOIN told_states AS t ON e.episode_id = t.episode_id
  WHERE e.state IN ('resolved', 'inactive') AND JSON_VALUE(t.told_state, '$.phase') != 'resolved'
)

SELECT
  (SELECT f.cycle FROM fold_start AS f) AS after_cycle,
  (SELECT MAX(c.cycle) FROM `{{ dataset }}.fold_cursor` AS c WHERE c.name = 'live') AS cursor_cycle,
  (
    SELECT COUNT(*)
    FROM `{{ dataset }}.notifications` AS o
    WHERE o.status IN ('unsent', 'sending', 'ambiguous')
  ) AS waiting,
  ARRAY(
    SELECT AS STRUCT n.*
    FROM new_ledger AS n
    WHERE
      n.verdict IN ('over_limit', 'exempt')
      OR n.fingerprint IN (SELECT e.fingerprint FROM needed_episodes AS e)
      OR n.fingerprint IN (SELECT o.fingerprint FROM new_ledger AS o WHERE o.verdict IN ('over_limit', 'exempt'))
    ORDER BY n.cycle, n.fingerprint
  ) AS verdicts,
  ARRAY(
    SELECT AS STRUCT
      r.cycle,
      r.cluster,
      r.environment,
      r.status,
      r.error_class,
      -- Words are told only of clusters that wait to be accepted.
      IF(r.error_class IN ('moved', 'ambiguous', 'project_removed'), r.error_message, NULL) AS error_message
    FROM `{{ dataset }}.collection_runs` AS r
    CROSS JOIN fold_start AS f
    WHERE r.cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 1 DAY) AND r.cycle <= @cycle AND r.cycle > f.cycle
    ORDER BY r.cycle, r.cluster
  ) AS clusters,
  ARRAY(
    SELECT AS STRUCT
      n.cycle,
      MAX(n.limits_known_at) AS limits_known_at
    FROM new_ledger AS n
    GROUP BY n.cycle
    ORDER BY n.cycle
  ) AS limits_known,
  ARRAY(
    SELECT AS STRUCT e.* FROM needed_episodes AS e ORDER BY e.started_cycle, e.fingerprint
  ) AS episodes,
  ARRAY(
    SELECT AS STRUCT u.* FROM untold_episodes AS u ORDER BY u.started_cycle, u.fingerprint
  ) AS untold_episodes,
  ARRAY(
    SELECT AS STRUCT t.*
    FROM told_states AS t
    WHERE
      t.episode_id IN (SELECT e.episode_id FROM needed_episodes AS e)
      OR t.episode_id IN (SELECT u.episode_id FROM untold_episodes AS u)
      OR JSON_VALUE(t.told_state, '$.phase') = 'storm'
    ORDER BY t.episode_id
  ) AS told
