-- Everything one fold needs, in one statement: the live ledger after the cursor for the subjects that matter, how
-- clusters were seen, the newest episodes of those subjects, and what was last told of them. Where the cursor stands is
-- known before (docs/decisions/0027), so that no more of the ledger is read than is folded.
-- What grows with the fleet comes in pages, since a row ends at 100 MB: the first row has all else as well.
-- One row per page.
-- Parameters: @cycle, @cursor TIMESTAMP: the latter NULL before the first fold. Times UTC.
{%- from 'alerts/_pages.sql' import pages %}
{#- Without a cursor the fold begins with this cycle; after a long stop it looks back a day at most. -#}
{%- set fold_start %}GREATEST(
      COALESCE(@cursor, TIMESTAMP_SUB(@cycle, INTERVAL {{ cycle_minutes }} MINUTE)), TIMESTAMP_SUB(@cycle, INTERVAL 1 DAY)
    ){% endset %}
WITH
live_ledger AS (
  -- First revision of live origin: what arrives later is for audits (docs/design.md#d7). Only what the fold reads:
  -- columns are billed, and a fleet of them has to fit into a task's memory.
  SELECT
    v.cycle,
    v.fingerprint,
    v.revision,
    v.subject,
    v.scope,
    v.environment,
    v.cluster,
    v.namespace,
    v.workload_kind,
    v.workload_name,
    v.api_id,
    v.team_id,
    v.verdict,
    v.reason,
    v.measured,
    v.running,
    v.offender,
    v.limit_id,
    v.limit_version,
    v.max_replicas,
    v.ceiling,
    v.exemption_id,
    v.spec_replicas,
    v.hpa_max_replicas,
    v.limits_known_at
  FROM `{{ dataset }}.verdicts` AS v
  WHERE
    -- Some cycles before it, of the last fold's length where that is longer: what a subject was before.
    v.cycle >= TIMESTAMP_SUB({{ fold_start }}, INTERVAL {{ lookback_minutes | default(3 * cycle_minutes) }} MINUTE)
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
  WINDOW subject_line AS (PARTITION BY l.fingerprint ORDER BY l.cycle)
),

new_ledger AS (
  SELECT t.*
  FROM traced_ledger AS t
  WHERE t.cycle > {{ fold_start }}
),

told_states AS (
  SELECT
    episode_id,
    sequence,
    told_state,
    channel,
    destination,
    reason,
    cycle,
    -- A word that the parent alone shows is no newer message than those in its thread.
    IF(reason = 'some_back', MAX(message_ts) OVER (PARTITION BY episode_id, channel), message_ts) AS message_ts,
    MAX(parent_ts) OVER (PARTITION BY episode_id, channel) AS parent_ts
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
),

needed_verdicts AS (
  SELECT n.*
  FROM new_ledger AS n
  WHERE
    n.verdict IN ('over_limit', 'exempt')
    OR n.fingerprint IN (SELECT e.fingerprint FROM needed_episodes AS e)
    OR n.fingerprint IN (SELECT o.fingerprint FROM new_ledger AS o WHERE o.verdict IN ('over_limit', 'exempt'))
    -- What goes on under another key of its limit, or as another kind.
    OR CONCAT(n.cluster, '/', n.namespace, '/', n.workload_name) IN (
      SELECT CONCAT(r.cluster, '/', r.namespace, '/', r.workload_name)
      FROM new_ledger AS r
      WHERE r.reason IN ('limit_rekeyed', 'kind_changed')
    )
),

needed_told_states AS (
  SELECT t.*
  FROM told_states AS t
  WHERE
    t.episode_id IN (SELECT e.episode_id FROM needed_episodes AS e)
    OR t.episode_id IN (SELECT u.episode_id FROM untold_episodes AS u)
    OR JSON_VALUE(t.told_state, '$.phase') IN ('storm', 'rejected')
),

{{ pages('verdict_pages', 'needed_verdicts', 'verdicts', ['cycle', 'fingerprint']) }},

{{ pages('episode_pages', 'needed_episodes', 'episodes', ['started_cycle', 'fingerprint']) }},

{{ pages('untold_pages', 'untold_episodes', 'untold_episodes', ['started_cycle', 'fingerprint']) }},

{{ pages('told_pages', 'needed_told_states', 'told', ['episode_id']) }}

SELECT
  {{ fold_start }} AS after_cycle,
  @cursor AS cursor_cycle,
  (
    SELECT COUNT(*)
    FROM `{{ dataset }}.notifications` AS o
    WHERE o.status IN ('unsent', 'sending', 'ambiguous')
  ) AS waiting,
  (
    SELECT COUNT(*)
    FROM `{{ dataset }}.notifications` AS o
    WHERE o.status = 'reported'
  ) AS reported,
  ARRAY(
    {% include 'alerts/_told_channels.sql' %}
  ) AS told_channels,
  COALESCE(v.verdicts, []) AS verdicts,
  ARRAY(
    SELECT AS STRUCT
      r.cycle,
      r.cycle_minutes,
      r.cluster,
      r.environment,
      r.status,
      r.error_class,
      r.project,
      r.location,
      -- Words are told only of clusters that wait to be accepted.
      IF(r.error_class IN ('moved', 'ambiguous', 'project_removed'), r.error_message, NULL) AS error_message
    FROM `{{ dataset }}.collection_runs` AS r
    WHERE r.cycle > {{ fold_start }} AND r.cycle <= @cycle
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
  COALESCE(e.episodes, []) AS episodes,
  COALESCE(u.untold_episodes, []) AS untold_episodes,
  COALESCE(t.told, []) AS told
FROM (SELECT 0 AS page) AS first
FULL JOIN verdict_pages AS v ON first.page = v.page
FULL JOIN episode_pages AS e ON COALESCE(first.page, v.page) = e.page
FULL JOIN untold_pages AS u ON COALESCE(first.page, v.page, e.page) = u.page
FULL JOIN told_pages AS t ON COALESCE(first.page, v.page, e.page, u.page) = t.page
ORDER BY COALESCE(first.page, v.page, e.page, u.page, t.page)
