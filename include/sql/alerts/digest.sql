-- What the digest tells: who is over, near, without a valid limit, what ends or was learnt late, and the proof.
-- How far it can be trusted is `judged_cycle`, and coverage: of the clusters in the cycles that were due in a day.
-- Parameters: @now TIMESTAMP. One row; times UTC; each list the worst or soonest first.
{%- from 'limits/_holds.sql' import holds %}
WITH
recent_ledger AS (
  SELECT *
  FROM `{{ dataset }}.verdicts`
  WHERE cycle > TIMESTAMP_SUB(@now, INTERVAL 1 DAY) AND cycle <= @now AND origin = 'live'
),

verdicts_now AS (
  SELECT v.*
  FROM recent_ledger AS v
  WHERE v.cycle = (SELECT MAX(r.cycle) FROM recent_ledger AS r)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY v.fingerprint ORDER BY v.revision) = 1
),

newest_words AS (
  -- What was last told of each episode; a storm's member was told by its storm.
  SELECT
    n.episode_id,
    COALESCE(s.status, n.status) AS status,
    COALESCE(p.permalink, q.permalink) AS permalink
  FROM `{{ dataset }}.notifications` AS n
  LEFT JOIN `{{ dataset }}.notifications` AS s ON n.told_by = s.notification_id
  LEFT JOIN (
    SELECT
      episode_id,
      MAX(permalink) AS permalink
    FROM `{{ dataset }}.notifications`
    GROUP BY episode_id
  ) AS p ON n.episode_id = p.episode_id
  LEFT JOIN (
    SELECT
      episode_id,
      MAX(permalink) AS permalink
    FROM `{{ dataset }}.notifications`
    GROUP BY episode_id
  ) AS q ON s.episode_id = q.episode_id
  WHERE n.channel NOT LIKE '%:%'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY n.episode_id ORDER BY n.sequence DESC) = 1
),

limits_now AS (
  SELECT h.*
  FROM `{{ dataset }}.limit_history` AS h
  WHERE
    {{ holds('h', '@now', '@now') }}
),

untold_span AS (
  -- When that was learnt which no digest has told yet, be it over a weekend: from the last one on, a week at most. The
  -- last ten minutes are left to the next one: what was learnt in them may not be committed yet.
  SELECT
    TIMESTAMP_SUB(
      GREATEST(COALESCE(MAX(n.created_at), TIMESTAMP_SUB(@now, INTERVAL 1 DAY)), TIMESTAMP_SUB(@now, INTERVAL 7 DAY)),
      INTERVAL 10 MINUTE
    ) AS learnt_after,
    TIMESTAMP_SUB(@now, INTERVAL 10 MINUTE) AS learnt_until
  FROM `{{ dataset }}.notifications` AS n
  WHERE n.reason = 'digest' AND n.team_id IS NULL AND n.created_at < @now
),

first_beliefs AS (
  -- A version is recorded again whenever one after it ends it; it was learnt when it was first recorded.
  SELECT h.*
  FROM `{{ dataset }}.limit_history` AS h
  WHERE NOT h.is_deleted
  QUALIFY ROW_NUMBER() OVER (PARTITION BY h.limit_id, h.version ORDER BY h.recorded_from, h.valid_from) = 1
),

first_verdicts AS (
  -- What alerts were made of: the first live revision (docs/design.md#d7). An hour is loaded for two hours after it
  -- began, so nothing is learnt of cycles much older than the span.
  SELECT v.*
  FROM `{{ dataset }}.verdicts` AS v
  WHERE v.cycle > TIMESTAMP_SUB(@now, INTERVAL 8 DAY) AND v.cycle <= @now AND v.origin = 'live'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY v.cycle, v.fingerprint ORDER BY v.revision) = 1
),

judged_by AS (
  -- As what a cluster was judged, told by its verdicts: collection_runs holds only what is known now. A comparison that
  -- was repeated can have added what it saw then, so the worst counts.
  SELECT
    v.cycle,
    v.cluster,
    CASE
      WHEN LOGICAL_OR(v.reason = 'cluster_failed') THEN 'failed'
      WHEN LOGICAL_OR(v.reason = 'cluster_partial') THEN 'partial'
      WHEN LOGICAL_OR(NOT v.is_lower_bound) THEN 'complete'
    END AS status
  FROM first_verdicts AS v
  WHERE v.cluster IS NOT NULL
  GROUP BY v.cycle, v.cluster
),

recorded_runs AS (
  -- A run writes all its rows at one moment, its own cycle's and what it fills in or mends of earlier ones.
  SELECT
    c.cycle,
    c.cluster,
    c.environment,
    c.status,
    c.recorded_at,
    MAX(c.cycle) OVER (PARTITION BY c.recorded_at) AS recording_cycle
  FROM `{{ dataset }}.collection_runs` AS c
  WHERE c.cycle > TIMESTAMP_SUB(@now, INTERVAL 8 DAY) AND c.cycle <= @now
),

late_runs AS (
  -- Seen better than it was judged. Where no verdict tells (nobody judged the cycle, or nothing was known to run in the
  -- cluster) it is late when the run of a later cycle recorded it.
  SELECT r.*
  FROM recorded_runs AS r
  INNER JOIN untold_span AS u ON r.recorded_at > u.learnt_after AND r.recorded_at <= u.learnt_until
  LEFT JOIN judged_by AS j ON r.cycle = j.cycle AND r.cluster = j.cluster
  WHERE
    r.status NOT IN ('failed', 'retired')
    AND CASE j.status
      WHEN 'failed' THEN TRUE
      WHEN 'partial' THEN r.status = 'complete'
      WHEN 'complete' THEN FALSE
      ELSE r.recording_cycle > r.cycle
    END
),

due_span AS (
  SELECT
    TIMESTAMP_SUB(@now, INTERVAL 1 DAY) AS after_cycle,
    -- A cycle is due when the next one begins.
    TIMESTAMP_SECONDS(
      DIV(UNIX_SECONDS(TIMESTAMP_SUB(@now, INTERVAL {{ cycle_minutes }} MINUTE)), {{ 60 * cycle_minutes }})
      * {{ 60 * cycle_minutes }}
    ) AS last_cycle
),

cycles_seen AS (
  -- As far back as tells an installation that begins from one that stood still.
  SELECT
    c.cycle,
    MAX(c.cycle_minutes) AS cycle_minutes,
    COUNT(*) AS clusters,
    COUNTIF(c.status = 'complete') AS clusters_seen
  FROM `{{ dataset }}.collection_runs` AS c
  WHERE c.cycle > TIMESTAMP_SUB(@now, INTERVAL 35 DAY) AND c.cycle <= @now AND c.status != 'retired'
  GROUP BY c.cycle
),

due AS (
  -- What was seen of a day, against what should have been, in minutes: cycles may have been longer or shorter in it.
  -- Where a cycle has no row at all, nobody ran to write one, and it counts as many clusters as the newest that has.
  SELECT
    COALESCE(SUM(IF(k.cycle > s.after_cycle, k.clusters_seen * k.cycle_minutes, 0)), 0) AS minutes_seen,
    COALESCE(SUM(IF(k.cycle > s.after_cycle, k.clusters * k.cycle_minutes, 0)), 0) AS minutes_recorded,
    COALESCE(
      SUM(IF(k.cycle > s.after_cycle AND k.cycle <= s.last_cycle, k.cycle_minutes, 0)), 0
    ) AS span_recorded,
    COALESCE(ARRAY_AGG(k.clusters IGNORE NULLS ORDER BY k.cycle DESC LIMIT 1)[SAFE_OFFSET(0)], 0) AS newest_clusters,
    COALESCE(
      TIMESTAMP_DIFF(
        s.last_cycle,
        GREATEST(MIN(k.cycle), TIMESTAMP_SUB(s.last_cycle, INTERVAL {{ 1440 - 2 * cycle_minutes }} MINUTE)),
        MINUTE
      ) + {{ cycle_minutes }},
      0
    ) AS span_due
  FROM due_span AS s
  LEFT JOIN cycles_seen AS k ON TRUE
  GROUP BY s.after_cycle, s.last_cycle
)

SELECT
  ARRAY(
    SELECT AS STRUCT
      e.team_id,
      e.api_id,
      e.subject,
      e.cluster,
      e.namespace,
      e.workload_name,
      e.measured,
      e.max_replicas,
      e.fired_cycle AS since,
      COALESCE(w.status = 'sent', FALSE) AS is_told,
      w.permalink
    FROM `{{ dataset }}.episodes` AS e
    LEFT JOIN newest_words AS w ON e.episode_id = w.episode_id
    WHERE e.state IN ('firing', 'recovering') AND e.kind = 'over_limit' AND NOT e.is_exempted
    ORDER BY e.measured - e.max_replicas DESC, e.subject
  ) AS firing,
  ARRAY(
    SELECT AS STRUCT
      v.team_id,
      v.api_id,
      v.subject,
      v.cluster,
      v.namespace,
      v.workload_name,
      v.measured,
      v.ceiling
    FROM verdicts_now AS v
    WHERE v.verdict = 'within_limit' AND v.ceiling > 0 AND v.measured >= 0.9 * v.ceiling
    ORDER BY v.measured / v.ceiling DESC, v.subject
  ) AS near,
  ARRAY(
    SELECT AS STRUCT
      v.team_id,
      v.api_id,
      v.subject,
      v.cluster,
      v.namespace,
      v.workload_name,
      v.verdict
    FROM verdicts_now AS v
    -- A cluster that is not seen tells of itself; an HPA that counts nothing stays until somebody deletes it.
    WHERE v.verdict IN ('no_limit', 'invalid_limit', 'unlabelled') OR v.reason = 'hpa_is_stale'
    ORDER BY v.verdict, v.subject
  ) AS without,
  ARRAY(
    SELECT AS STRUCT
      h.team_id,
      h.api_id,
      x.exemption_id,
      x.ends_at
    FROM limits_now AS h
    CROSS JOIN UNNEST(h.exemptions) AS x
    WHERE x.ends_at > @now AND x.ends_at <= TIMESTAMP_ADD(@now, INTERVAL 7 DAY) AND x.starts_at <= @now
    ORDER BY x.ends_at, h.limit_id
  ) AS exemptions,
  ARRAY(
    SELECT AS STRUCT
      h.team_id,
      h.api_id,
      h.max_replicas,
      h.valid_from,
      h.recorded_from
    FROM first_beliefs AS h
    INNER JOIN untold_span AS u ON h.recorded_from > u.learnt_after AND h.recorded_from <= u.learnt_until
    WHERE
      h.valid_from < TIMESTAMP_SUB(h.recorded_from, INTERVAL {{ [15, 3 * cycle_minutes] | max }} MINUTE)
      -- The first sync of all learns old documents, and is no news.
      AND h.document_update_time > TIMESTAMP_SUB(u.learnt_after, INTERVAL 1 DAY)
    ORDER BY h.recorded_from, h.limit_id
  ) AS late_changes,
  ARRAY(
    SELECT AS STRUCT
      r.cluster,
      COUNT(DISTINCT r.cycle) AS cycles,
      MIN(r.cycle) AS first_cycle,
      MAX(r.cycle) AS last_cycle,
      MAX(r.recorded_at) AS recorded_at,
      -- Whose APIs were unknown because of it; a total is when any cluster of its environment was not seen.
      ARRAY_AGG(DISTINCT v.team_id IGNORE NULLS ORDER BY v.team_id) AS team_ids
    FROM late_runs AS r
    LEFT JOIN first_verdicts AS v
      ON
        r.cycle = v.cycle
        AND r.environment = v.environment
        AND (r.cluster = v.cluster OR v.scope = 'total')
        AND v.verdict = 'unknown'
    GROUP BY r.cluster
    ORDER BY first_cycle, r.cluster
  ) AS late_observations,
  (
    SELECT COUNT(*)
    FROM `{{ dataset }}.notifications` AS o
    WHERE o.status IN ('unsent', 'sending', 'ambiguous') AND o.reason != 'digest'
  ) AS unsent,
  (
    SELECT COUNT(*)
    FROM `{{ dataset }}.notifications` AS o
    WHERE o.status = 'dead' AND o.created_at > TIMESTAMP_SUB(@now, INTERVAL 1 DAY)
  ) AS dead,
  @now AS asked_at,
  (SELECT MAX(f.cycle) FROM `{{ dataset }}.fold_cursor` AS f WHERE f.name = 'live') AS judged_cycle,
  GREATEST(
    {{ cycle_minutes }}, COALESCE((SELECT MAX(f.cycle_minutes) FROM `{{ dataset }}.fold_cursor` AS f WHERE f.name = 'live'), 0)
  ) AS cycle_minutes,
  d.minutes_seen,
  d.minutes_recorded + GREATEST(d.span_due - d.span_recorded, 0) * d.newest_clusters AS minutes_expected
FROM due AS d
