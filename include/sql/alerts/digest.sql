-- What the digest tells: who is over, near, without a valid limit, what ends or was known late, and the proof.
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
    WHERE v.verdict IN ('no_limit', 'invalid_limit', 'unlabelled')
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
    FROM `{{ dataset }}.limit_history` AS h
    WHERE
      h.recorded_from > TIMESTAMP_SUB(@now, INTERVAL 1 DAY)
      AND h.recorded_from <= @now
      AND h.valid_from < TIMESTAMP_SUB(h.recorded_from, INTERVAL 15 MINUTE)
      AND h.document_update_time > TIMESTAMP_SUB(@now, INTERVAL 1 DAY)
      AND NOT h.is_deleted
    QUALIFY ROW_NUMBER() OVER (PARTITION BY h.limit_id, h.version ORDER BY h.recorded_from) = 1
    ORDER BY h.recorded_from, h.limit_id
  ) AS late_changes,
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
  (
    SELECT COUNTIF(c.status = 'complete')
    FROM `{{ dataset }}.collection_runs` AS c
    WHERE c.cycle > TIMESTAMP_SUB(@now, INTERVAL 1 DAY) AND c.cycle <= @now
  ) AS clusters_seen,
  (
    SELECT COUNT(*)
    FROM `{{ dataset }}.collection_runs` AS c
    WHERE c.cycle > TIMESTAMP_SUB(@now, INTERVAL 1 DAY) AND c.cycle <= @now
  ) AS clusters_expected
