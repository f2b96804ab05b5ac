-- Judge every subject of @cycle by the limits that held at @cycle as known at @known_at, and append what is new to the
-- ledger. Running it again writes nothing unless something changed, and then a new revision (DESIGN sections 2 and 5).
-- Parameters: @cycle, @known_at, @computed_at TIMESTAMP; @is_limits_stale BOOL; @origin, @run_id STRING.
MERGE `{{ dataset }}.verdicts` AS ledger
USING (
  WITH
  {% include 'verdicts/_measured_workloads.sql' %},
  {% include 'verdicts/_matched_limits.sql' %},
  {% include 'verdicts/_judged_subjects.sql' %},

  current_revisions AS (
    SELECT
      fingerprint,
      revision,
      content_sha256
    FROM `{{ dataset }}.verdicts`
    WHERE cycle = @cycle
    QUALIFY ROW_NUMBER() OVER (PARTITION BY fingerprint ORDER BY revision DESC) = 1
  )

  SELECT
    j.*,
    COALESCE(r.revision, 0) + 1 AS revision
  FROM judged_subjects AS j
  LEFT JOIN current_revisions AS r ON j.fingerprint = r.fingerprint
  WHERE r.content_sha256 IS DISTINCT FROM j.content_sha256
) AS judged
  ON
    ledger.cycle = @cycle
    AND ledger.fingerprint = judged.fingerprint
    AND ledger.revision = judged.revision
WHEN NOT MATCHED THEN
  INSERT (
    cycle, fingerprint, subject, scope, environment, cluster, namespace, workload_kind, workload_name, workload_count,
    api_id, team_id, verdict, measured, is_lower_bound, offender, is_over_strict, limit_id, limit_version, max_replicas,
    ceiling, exemption_id, surge_allowance, spec_replicas, status_replicas, hpa_current_replicas, hpa_max_replicas,
    policy_version, limits_known_at, is_limits_stale, reason, origin, revision, content_sha256, computed_at, run_id
  )
  VALUES (
    @cycle, judged.fingerprint, judged.subject, judged.scope, judged.environment, judged.cluster, judged.namespace,
    judged.workload_kind, judged.workload_name, judged.workload_count, judged.api_id, judged.team_id, judged.verdict,
    judged.measured, judged.is_lower_bound, judged.offender, judged.is_over_strict, judged.limit_id,
    judged.limit_version, judged.max_replicas, judged.ceiling, judged.exemption_id, judged.surge_allowance,
    judged.spec_replicas, judged.status_replicas, judged.hpa_current_replicas, judged.hpa_max_replicas,
    judged.policy_version, @known_at, @is_limits_stale, judged.reason, @origin, judged.revision, judged.content_sha256,
    @computed_at, @run_id
  )
