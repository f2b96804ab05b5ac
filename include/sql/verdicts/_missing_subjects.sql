{#- CTEs: subjects of which nothing was seen in a judged cycle, although they were known before it. Needs
    _last_sightings.sql, _cluster_states.sql and `considered_limits`; ends in `missing_subjects`. -#}
{%- from 'limits/_holds.sql' import holds -%}
presences AS (
  -- Where an API's workloads run that no limit takes: in a cluster, and (cluster NULL) anywhere in the environment.
  SELECT
    s.cycle,
    s.environment,
    place AS cluster,
    s.api_id,
    s.team_id,
    ARRAY_AGG(CONCAT(s.namespace, '/', s.workload_kind, '/', s.workload_name)) AS workloads
  FROM seen_subjects AS s
  CROSS JOIN UNNEST([s.cluster, CAST(NULL AS STRING)]) AS place
  WHERE s.limit_id IS NULL AND s.api_id IS NOT NULL AND s.team_id IS NOT NULL
  GROUP BY s.cycle, s.environment, place, s.api_id, s.team_id
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
    p.cycle IS NOT NULL AS is_running_unlimited,
    -- A label that its limit selects by was changed, or the selectors were: the workload is in the listing, not gone.
    k.scope = 'cluster'
    AND CONCAT(k.namespace, '/', k.workload_kind, '/', k.workload_name) IN UNNEST(p.workloads) AS is_left_out,
    -- A total whose limit no longer says which clusters count could run in all of its environment.
    IF(k.scope = 'total', COALESCE(t.is_complete, e.is_complete), s.is_complete) AS is_complete
  FROM last_sightings AS k
  INNER JOIN judged_cycles AS c ON k.cycle < c.cycle AND (k.next_cycle IS NULL OR c.cycle < k.next_cycle)
  LEFT JOIN cluster_states AS s ON c.cycle = s.cycle AND k.cluster = s.cluster
  LEFT JOIN total_completeness AS t ON c.cycle = t.cycle AND k.subject = t.subject
  LEFT JOIN environment_states AS e ON c.cycle = e.cycle AND k.environment = e.environment
  LEFT JOIN considered_limits AS l ON k.limit_id = l.limit_id AND {{ holds('l', 'c.cycle', 'c.known_at') }}
  LEFT JOIN presences AS p
    ON
      c.cycle = p.cycle
      AND k.environment = p.environment
      AND k.api_id = p.api_id
      AND k.team_id = p.team_id
      AND k.cluster IS NOT DISTINCT FROM p.cluster
)
