{#- CTEs: what ran in each judged cycle, per workload, as far as it was seen. Needs `judged_cycles` and
    `prior_subjects`; ends in `measured_workloads`. -#}
{%- from 'verdicts/_period.sql' import api_policies, is_unlabelled -%}
cluster_states AS (
  SELECT
    r.cycle,
    r.cluster,
    r.environment,
    r.attempt_id,
    r.status,
    r.status = 'complete' AS is_complete,
    r.deployments_listed IS NOT NULL AS has_deployments,
    c.known_at,
    c.policy_version
  FROM `{{ dataset }}.collection_runs` AS r
  INNER JOIN judged_cycles AS c ON r.cycle = c.cycle
  WHERE {{ in_period('r.cycle') }}
),

owned_observations AS (
  -- Only the attempt that owns the cycle counts: a retried or duplicated pod can neither double nor downgrade it.
  SELECT
    o.*,
    s.known_at,
    s.policy_version,
    s.has_deployments
  FROM `{{ dataset }}.replica_observations` AS o
  INNER JOIN cluster_states AS s ON o.cycle = s.cycle AND o.cluster = s.cluster AND o.attempt_id = s.attempt_id
  WHERE {{ in_period('o.cycle') }}
),

deployments AS (
  SELECT
    o.cycle,
    o.environment,
    o.cluster,
    o.namespace,
    'Deployment' AS workload_kind,
    o.name AS workload_name,
    o.api_id,
    o.team_id,
    IF(ARRAY_LENGTH(o.labels) > 0, TO_JSON_STRING(o.labels), '[]') AS label_text,
    o.created_at,
    o.known_at,
    o.policy_version,
    o.spec_replicas,
    o.status_replicas,
    -- A rollout is in progress while old pods still stand (DESIGN D2); only pods above what was asked for are surge.
    -- A percentage of maxSurge is rounded up, as Kubernetes does; without maxSurge (Recreate) nothing is forgiven.
    IF(
      o.status_replicas > o.updated_replicas AND o.status_replicas > o.spec_replicas,
      LEAST(
        COALESCE(
          SAFE_CAST(o.max_surge AS INT64),
          CAST(CEIL(SAFE_CAST(REGEXP_EXTRACT(o.max_surge, r'^([0-9]+)%$') AS INT64) * o.spec_replicas / 100) AS INT64),
          0
        ),
        o.status_replicas - o.spec_replicas
      ),
      0
    ) AS surge_replicas
  FROM owned_observations AS o
  WHERE o.resource_type = 'deployment'
),

autoscalers AS (
  -- Two HPAs on one workload fight over it: the greater count is what runs.
  SELECT
    o.cycle,
    o.environment,
    o.cluster,
    o.namespace,
    o.hpa_target_kind AS workload_kind,
    o.hpa_target_name AS workload_name,
    MAX(o.api_id) AS api_id,
    MAX(o.team_id) AS team_id,
    MAX(IF(ARRAY_LENGTH(o.labels) > 0, TO_JSON_STRING(o.labels), '[]')) AS label_text,
    MIN(o.created_at) AS created_at,
    ANY_VALUE(o.known_at) AS known_at,
    ANY_VALUE(o.policy_version) AS policy_version,
    LOGICAL_OR(o.has_deployments) AS has_deployments,
    MAX(o.hpa_current_replicas) AS hpa_current_replicas,
    MAX(o.hpa_max_replicas) AS hpa_max_replicas
  FROM owned_observations AS o
  WHERE o.resource_type = 'hpa'
  GROUP BY o.cycle, o.environment, o.cluster, o.namespace, o.hpa_target_kind, o.hpa_target_name
),

present_workloads AS (
  SELECT
    COALESCE(d.cycle, h.cycle) AS cycle,
    COALESCE(d.environment, h.environment) AS environment,
    COALESCE(d.cluster, h.cluster) AS cluster,
    COALESCE(d.namespace, h.namespace) AS namespace,
    COALESCE(d.workload_kind, h.workload_kind) AS workload_kind,
    COALESCE(d.workload_name, h.workload_name) AS workload_name,
    COALESCE(d.api_id, h.api_id) AS api_id,
    COALESCE(d.team_id, h.team_id) AS team_id,
    COALESCE(d.label_text, h.label_text) AS label_text,
    COALESCE(d.created_at, h.created_at) AS created_at,
    COALESCE(d.known_at, h.known_at) AS known_at,
    COALESCE(d.policy_version, h.policy_version) AS policy_version,
    d.workload_name IS NOT NULL AS is_deployment_listed,
    d.spec_replicas,
    d.status_replicas,
    COALESCE(d.surge_replicas, 0) AS surge_replicas,
    h.hpa_current_replicas,
    h.hpa_max_replicas
  FROM deployments AS d
  FULL JOIN autoscalers AS h
    ON
      d.cycle = h.cycle
      AND d.cluster = h.cluster
      AND d.namespace = h.namespace
      AND d.workload_kind = h.workload_kind
      AND d.workload_name = h.workload_name
  -- An HPA whose Deployment is gone from a complete listing scales nothing: its last count is not running pods.
  WHERE d.workload_name IS NOT NULL OR h.workload_kind != 'Deployment' OR NOT h.has_deployments
),

asking_workloads AS (
  -- Whose past matters: surge spends a budget, a young object may be an old workload, labels may have been lost. No
  -- grace is longer than six hours, so what was created before them is not new.
  SELECT
    w.cycle,
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    w.api_id,
    w.team_id,
    w.created_at,
    w.policy_version,
    w.surge_replicas
  FROM present_workloads AS w
  WHERE w.surge_replicas > 0 OR w.created_at > TIMESTAMP_SUB(w.cycle, INTERVAL 6 HOUR) OR {{ is_unlabelled('w') }}
),

sightings AS (
  -- Six hours back are read: enough for the surge budget, and for telling that a re-created workload is not new.
  -- Every attempt counts here, also one that does not own its cycle (docs/decisions/0003).
  SELECT
    o.cluster,
    o.namespace,
    o.name AS workload_name,
    o.cycle,
    LOGICAL_OR(
      o.status_replicas > o.updated_replicas AND o.status_replicas > o.spec_replicas AND o.max_surge IS NOT NULL
    ) AS is_surging,
    MAX(IF({{ is_unlabelled('o') }}, NULL, o.api_id)) AS labelled_api_id,
    MAX(IF({{ is_unlabelled('o') }}, NULL, o.team_id)) AS labelled_team_id
  FROM `{{ dataset }}.replica_observations` AS o
  INNER JOIN (
    SELECT DISTINCT
      cluster,
      namespace,
      workload_name
    FROM asking_workloads
    WHERE workload_kind = 'Deployment'
  ) AS n ON o.cluster = n.cluster AND o.namespace = n.namespace AND o.name = n.workload_name
  WHERE
    o.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL 6 HOUR)
    AND {{ until_period_end('o.cycle') }}
    AND o.resource_type = 'deployment'
  GROUP BY o.cluster, o.namespace, o.name, o.cycle
),

seen_or_asked AS (
  -- A workload may be there by its HPA alone, where Deployments could not be listed: it has a past as well.
  SELECT
    s.cluster,
    s.namespace,
    s.workload_name,
    s.cycle,
    s.cycle AS sighted_cycle,
    s.is_surging,
    FALSE AS is_asked
  FROM sightings AS s
  UNION ALL
  SELECT
    w.cluster,
    w.namespace,
    w.workload_name,
    w.cycle,
    CAST(NULL AS TIMESTAMP) AS sighted_cycle,
    FALSE AS is_surging,
    TRUE AS is_asked
  FROM asking_workloads AS w
  WHERE w.workload_kind = 'Deployment'
),

recent_pasts AS (
  SELECT
    s.cluster,
    s.namespace,
    s.workload_name,
    s.cycle,
    s.is_asked,
    MIN(s.sighted_cycle) OVER six_hours_before AS first_cycle,
    COUNTIF(s.is_surging) OVER six_hours_before AS surge_cycles
  FROM seen_or_asked AS s
  WINDOW six_hours_before AS (
    PARTITION BY s.cluster, s.namespace, s.workload_name
    ORDER BY UNIX_SECONDS(s.cycle)
    RANGE BETWEEN 21600 PRECEDING AND 1 PRECEDING
  )
),

lost_labels AS (
  -- A label that was taken off does not make a workload another one: for six hours by its sightings, and after that
  -- as long as the ledger goes on saying so.
  SELECT
    w.cycle,
    w.cluster,
    w.namespace,
    w.workload_name,
    COALESCE(s.labelled_api_id, p.api_id) AS api_id,
    COALESCE(s.labelled_team_id, p.team_id) AS team_id
  FROM asking_workloads AS w
  LEFT JOIN sightings AS s
    ON
      w.cluster = s.cluster
      AND w.namespace = s.namespace
      AND w.workload_name = s.workload_name
      AND s.labelled_api_id IS NOT NULL
      AND s.cycle < w.cycle
      AND s.cycle >= TIMESTAMP_SUB(w.cycle, INTERVAL 6 HOUR)
  LEFT JOIN prior_subjects AS p
    ON
      w.cluster = p.cluster
      AND w.namespace = p.namespace
      AND w.workload_name = p.workload_name
      AND p.reason = 'labels_removed'
  WHERE
    w.workload_kind = 'Deployment'
    AND {{ is_unlabelled('w') }}
    AND COALESCE(s.labelled_api_id, p.api_id) IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY w.cycle, w.cluster, w.namespace, w.workload_name ORDER BY s.cycle DESC, p.subject
  ) = 1
),

named_workloads AS (
  SELECT
    w.* REPLACE (COALESCE(n.api_id, w.api_id) AS api_id, COALESCE(n.team_id, w.team_id) AS team_id),
    n.api_id IS NOT NULL AS is_label_lost
  FROM asking_workloads AS w
  LEFT JOIN lost_labels AS n
    ON
      w.cycle = n.cycle
      AND w.cluster = n.cluster
      AND w.namespace = n.namespace
      AND w.workload_name = n.workload_name
      AND w.workload_kind = 'Deployment'
),

workload_policies AS (
  {{ api_policies('named_workloads') }}
),

answered_workloads AS (
  SELECT
    w.cycle,
    w.cluster,
    w.namespace,
    w.workload_kind,
    w.workload_name,
    w.api_id,
    w.team_id,
    w.is_label_lost,
    -- New: neither created nor sighted before the grace began. Sightings count, so re-creating does not renew it.
    LEAST(COALESCE(r.first_cycle, w.cycle), COALESCE(w.created_at, w.cycle))
    > TIMESTAMP_SUB(w.cycle, INTERVAL p.grace_minutes MINUTE) AS is_new,
    -- Forgiven for at most the budget in any six hours, counted in cycles of five minutes.
    IF(COALESCE(r.surge_cycles, 0) * 5 < p.surge_budget_minutes, w.surge_replicas, 0) AS surge_allowance
  FROM named_workloads AS w
  INNER JOIN workload_policies AS p
    ON
      w.policy_version = p.policy_version
      AND w.team_id IS NOT DISTINCT FROM p.for_team_id
      AND w.api_id IS NOT DISTINCT FROM p.for_api_id
  LEFT JOIN recent_pasts AS r
    ON
      r.is_asked
      AND w.cycle = r.cycle
      AND w.cluster = r.cluster
      AND w.namespace = r.namespace
      AND w.workload_name = r.workload_name
      AND w.workload_kind = 'Deployment'
),

allowed_workloads AS (
  SELECT
    w.* REPLACE (COALESCE(a.api_id, w.api_id) AS api_id, COALESCE(a.team_id, w.team_id) AS team_id),
    COALESCE(a.is_label_lost, FALSE) AS is_label_lost,
    COALESCE(a.is_new, FALSE) AS is_new,
    COALESCE(a.surge_allowance, 0) AS surge_allowance
  FROM present_workloads AS w
  LEFT JOIN answered_workloads AS a
    ON
      w.cycle = a.cycle
      AND w.cluster = a.cluster
      AND w.namespace = a.namespace
      AND w.workload_kind = a.workload_kind
      AND w.workload_name = a.workload_name
),

measured_workloads AS (
  SELECT
    w.*,
    -- The greater counter per workload; what the HPA says is never reduced by the allowance (DESIGN D2).
    GREATEST(COALESCE(w.status_replicas - w.surge_allowance, 0), COALESCE(w.hpa_current_replicas, 0)) AS measured,
    GREATEST(COALESCE(w.status_replicas, 0), COALESCE(w.hpa_current_replicas, 0)) AS running,
    IF(
      COALESCE(w.status_replicas - w.surge_allowance, 0) >= COALESCE(w.hpa_current_replicas, 0), 'deployment', 'hpa'
    ) AS offender
  FROM allowed_workloads AS w
)
