-- Judge every subject of @cycle by the limits that held at @cycle as known at @known_at, and append what is new to the
-- ledger. Running it again writes nothing unless something changed, and then a new revision (DESIGN sections 2 and 5).
-- Parameters: @cycle, @known_at, @computed_at TIMESTAMP; @is_limits_stale BOOL; @origin, @run_id STRING.
{%- set period_start = '@cycle' %}
{%- macro in_period(column) %}{{ column }} = @cycle{% endmacro %}
{%- macro until_period_end(column) %}{{ column }} <= @cycle{% endmacro %}
MERGE `{{ dataset }}.verdicts` AS ledger
USING (
  WITH
  judged_cycles AS (
    SELECT
      @cycle AS cycle,
      @known_at AS known_at,
      (
        SELECT ANY_VALUE(p.policy_version)
        FROM `{{ dataset }}.policy_history` AS p
        WHERE p.valid_from <= @cycle AND @cycle < p.valid_to
      ) AS policy_version
  ),

  {% include 'verdicts/_prior_subjects.sql' %},
  {% include 'verdicts/_considered.sql' %},
  {% include 'verdicts/_measured_workloads.sql' %},
  {% include 'verdicts/_matched_limits.sql' %},
  {% include 'verdicts/_judged_subjects.sql' %},
  {% include 'verdicts/_unseen_subjects.sql' %},

  current_revisions AS (
    SELECT v.*
    FROM `{{ dataset }}.verdicts` AS v
    WHERE v.cycle = @cycle
    QUALIFY ROW_NUMBER() OVER (PARTITION BY v.fingerprint ORDER BY v.revision DESC) = 1
  ),

  identified_subjects AS (
    SELECT
      j.*,
      TO_HEX(SHA256(j.subject)) AS fingerprint,
      TO_HEX(SHA256(TO_JSON_STRING(STRUCT(
        j.verdict, j.measured, j.is_lower_bound, j.offender, j.is_over_strict, j.limit_id, j.limit_version,
        j.max_replicas, j.ceiling, j.exemption_id, j.surge_allowance, j.policy_version, j.reason, j.workload_count
      )))) AS content_sha256
    FROM judged_subjects AS j
  )

  SELECT
    j.*,
    COALESCE(r.revision, 0) + 1 AS revision
  FROM identified_subjects AS j
  LEFT JOIN current_revisions AS r ON j.fingerprint = r.fingerprint
  WHERE r.content_sha256 IS DISTINCT FROM j.content_sha256
  UNION ALL
  -- Judged before, and no subject any more by what is known now: the ledger says so instead of going on with it.
  SELECT
    r.cycle,
    r.subject,
    r.scope,
    r.environment,
    r.cluster,
    r.namespace,
    r.workload_kind,
    r.workload_name,
    0 AS workload_count,
    r.api_id,
    r.team_id,
    'unknown' AS verdict,
    CAST(NULL AS INT64) AS measured,
    TRUE AS is_lower_bound,
    CAST(NULL AS STRING) AS offender,
    FALSE AS is_over_strict,
    r.limit_id,
    CAST(NULL AS INT64) AS limit_version,
    CAST(NULL AS INT64) AS max_replicas,
    CAST(NULL AS INT64) AS ceiling,
    CAST(NULL AS STRING) AS exemption_id,
    FALSE AS is_contested,
    0 AS surge_allowance,
    CAST(NULL AS INT64) AS spec_replicas,
    CAST(NULL AS INT64) AS status_replicas,
    CAST(NULL AS INT64) AS hpa_current_replicas,
    CAST(NULL AS INT64) AS hpa_max_replicas,
    r.policy_version,
    @known_at AS limits_known_at,
    'not_judged_any_more' AS reason,
    r.fingerprint,
    TO_HEX(SHA256('not_judged_any_more')) AS content_sha256,
    r.revision + 1 AS revision
  FROM current_revisions AS r
  LEFT JOIN identified_subjects AS j ON r.fingerprint = j.fingerprint
  WHERE j.fingerprint IS NULL AND r.reason != 'not_judged_any_more'
) AS judged
  ON
    ledger.cycle = @cycle
    AND ledger.fingerprint = judged.fingerprint
    AND ledger.revision = judged.revision
WHEN NOT MATCHED THEN
  INSERT (
    cycle, fingerprint, subject, scope, environment, cluster, namespace, workload_kind, workload_name, workload_count,
    api_id, team_id, verdict, measured, is_lower_bound, offender, is_over_strict, limit_id, limit_version, max_replicas,
    ceiling, exemption_id, is_contested, surge_allowance, spec_replicas, status_replicas, hpa_current_replicas,
    hpa_max_replicas, policy_version, limits_known_at, is_limits_stale, reason, origin, revision, content_sha256,
    computed_at, run_id
  )
  VALUES (
    @cycle, judged.fingerprint, judged.subject, judged.scope, judged.environment, judged.cluster, judged.namespace,
    judged.workload_kind, judged.workload_name, judged.workload_count, judged.api_id, judged.team_id, judged.verdict,
    judged.measured, judged.is_lower_bound, judged.offender, judged.is_over_strict, judged.limit_id,
    judged.limit_version, judged.max_replicas, judged.ceiling, judged.exemption_id, judged.is_contested,
    judged.surge_allowance, judged.spec_replicas, judged.status_replicas, judged.hpa_current_replicas,
    judged.hpa_max_replicas, judged.policy_version, @known_at, @is_limits_stale, judged.reason, @origin,
    judged.revision, judged.content_sha256, @computed_at, @run_id
  )
