{#- CTEs: subjects of which nothing was seen in a judged cycle, although they were known before it. Needs
    _last_sightings.sql, _cluster_states.sql and `considered_limits`; ends in `missing_subjects`.
    One row per cycle and subject. -#}
{%- from 'limits/_holds.sql' import holds -%}
{%- from 'verdicts/_places.sql' import api_in, is_another_kind_there, is_there, workload_in -%}
presences AS (
  -- Where workloads are: by their API those that no limit takes, in a cluster and anywhere in the environment; and by
  -- itself each that is a subject alone, whoever's it is.
  SELECT
    s.cycle,
    s.environment,
    s.limit_id,
    s.workload_kind,
    CONCAT(s.team_id, '/', s.api_id) AS owner,
    CASE looked_for
      WHEN 'api in cluster' THEN {{ api_in('s.cluster', 's') }}
      WHEN 'api' THEN {{ api_in("''", 's') }}
      ELSE {{ workload_in('s') }}
    END AS place
  FROM seen_subjects AS s
  INNER JOIN UNNEST(['api in cluster', 'api', 'workload']) AS looked_for
    ON s.limit_id IS NULL OR looked_for = 'workload'
  WHERE s.api_id IS NOT NULL AND s.team_id IS NOT NULL
),

environment_states AS (
  SELECT
    cycle,
    environment,
    LOGICAL_AND(is_complete) AS is_complete,
    LOGICAL_AND(status = 'retired') AS is_retired
  FROM cluster_states
  GROUP BY cycle, environment
),

missing_subjects AS (
  SELECT
    k.* EXCEPT (cycle, next_cycle, is_prior),
    k.cycle AS last_seen_cycle,
    c.cycle,
    c.known_at,
    c.policy_version,
    l.limit_id IS NOT NULL AS is_limit_in_force,
    l.version AS limit_version,
    l.max_replicas,
    l.scope AS limit_scope,
    s.status,
    IF(k.scope = 'total', e.is_retired, s.status = 'retired') AS is_retired,
    s.environment != k.environment AS is_elsewhere,
    COUNTIF(p.limit_id IS NULL AND p.owner = CONCAT(k.team_id, '/', k.api_id)) OVER same_subject > 0
      AS is_running_unlimited,
    -- A label that its limit selects by was changed, or the selectors were: the workload is in the listing, not gone.
    {{ is_there("p.limit_id IS NULL AND p.owner = CONCAT(k.team_id, '/', k.api_id)") }} AS is_left_out,
    -- It is another API's now, which has no limit: whoever is over a limit must not end the alert by a label.
    {{ is_there("p.limit_id IS NULL AND p.owner != CONCAT(k.team_id, '/', k.api_id)") }} AS is_relabelled,
    -- And it is judged by a limit of that one.
    {{ is_there("p.limit_id IS NOT NULL AND p.owner != CONCAT(k.team_id, '/', k.api_id)") }} AS is_of_another,
    -- Its owners gave the limit another key: the same workload of the same API is held against that.
    {{ is_there("p.limit_id != k.limit_id AND p.owner = CONCAT(k.team_id, '/', k.api_id)") }} AS is_rekeyed,
    -- One of its name is there, of the same API and of another kind: deleted outright for that, its pods did not go.
    {{ is_another_kind_there('p.limit_id IS NOT NULL') }} AS is_of_another_kind,
    {{ is_another_kind_there('p.limit_id IS NULL') }} AS is_of_an_unlimited_kind,
    -- A total whose limit no longer says which clusters count could run in all of its environment.
    IF(k.scope = 'total', COALESCE(t.is_complete, e.is_complete), s.is_complete) AS is_complete
  FROM last_sightings AS k
  INNER JOIN judged_cycles AS c ON k.cycle < c.cycle AND (k.next_cycle IS NULL OR c.cycle < k.next_cycle)
  LEFT JOIN cluster_states AS s ON c.cycle = s.cycle AND k.cluster = s.cluster
  LEFT JOIN total_completeness AS t ON c.cycle = t.cycle AND k.subject = t.subject
  LEFT JOIN environment_states AS e ON c.cycle = e.cycle AND k.environment = e.environment
  LEFT JOIN considered_limits AS l ON k.limit_id = l.limit_id AND {{ holds('l', 'c.cycle', 'c.known_at') }}
  CROSS JOIN UNNEST([{{ api_in("COALESCE(k.cluster, '')", 'k') }}, {{ workload_in('k') }}]) AS place
  LEFT JOIN presences AS p ON c.cycle = p.cycle AND k.environment = p.environment AND p.place = place
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY k.subject, c.cycle ORDER BY place) = 1
  WINDOW same_subject AS (PARTITION BY k.subject, c.cycle)
)
