{#- Part of a fold's commit, within its transaction: the cursor's move, then what changed and what has to be told.
    Variables: folded_episodes, folded_notifications: the queries that bring the rows.
    Writes one row per episode and one per notification. -#}
{%- from 'alerts/_add_notifications.sql' import add_notifications -%}
{%- from 'alerts/_cursor.sql' import move_cursor with context -%}
IF (SELECT MAX(cycle) FROM `{{ dataset }}.fold_cursor` WHERE name = 'live') IS DISTINCT FROM @expected_cursor THEN
  RAISE USING MESSAGE = 'fold cursor moved: another run has folded this cycle';
END IF;

{{ move_cursor() }};

MERGE `{{ dataset }}.episodes` AS known
USING ({{ folded_episodes }}) AS folded
  ON known.episode_id = folded.episode_id
WHEN MATCHED THEN
  UPDATE SET
    -- What a subject consists of may change while it stays the same subject; under another key of its limit it is another.
    fingerprint = folded.fingerprint,
    subject = folded.subject,
    scope = folded.scope,
    namespace = folded.namespace,
    workload_kind = folded.workload_kind,
    workload_name = folded.workload_name,
    api_id = folded.api_id,
    team_id = folded.team_id,
    limit_id = folded.limit_id,
    state = folded.state,
    severity = folded.severity,
    is_exempted = folded.is_exempted,
    is_blind = folded.is_blind,
    fired_cycle = folded.fired_cycle,
    resolved_cycle = folded.resolved_cycle,
    last_cycle = folded.last_cycle,
    over_cycles = folded.over_cycles,
    unknown_cycles = folded.unknown_cycles,
    measured = folded.measured,
    max_replicas = folded.max_replicas,
    ceiling = folded.ceiling,
    limit_version = folded.limit_version,
    peak_measured = folded.peak_measured,
    peak_cycle = folded.peak_cycle,
    offender = folded.offender,
    end_reason = folded.end_reason,
    fold_state = folded.fold_state,
    updated_at = @computed_at
WHEN NOT MATCHED THEN
  INSERT (
    episode_id, fingerprint, subject, kind, scope, environment, cluster, namespace, workload_kind, workload_name,
    api_id, team_id, limit_id, state, severity, is_exempted, is_blind, started_cycle, fired_cycle, resolved_cycle,
    last_cycle, over_cycles, unknown_cycles, measured, max_replicas, ceiling, limit_version, peak_measured, peak_cycle,
    offender, end_reason, previous_episode_id, fold_state, updated_at
  )
  VALUES (
    folded.episode_id, folded.fingerprint, folded.subject, folded.kind, folded.scope, folded.environment,
    folded.cluster, folded.namespace, folded.workload_kind, folded.workload_name, folded.api_id, folded.team_id,
    folded.limit_id, folded.state, folded.severity, folded.is_exempted, folded.is_blind, folded.started_cycle,
    folded.fired_cycle, folded.resolved_cycle, folded.last_cycle, folded.over_cycles, folded.unknown_cycles,
    folded.measured, folded.max_replicas, folded.ceiling, folded.limit_version, folded.peak_measured,
    folded.peak_cycle, folded.offender, folded.end_reason, folded.previous_episode_id, folded.fold_state, @computed_at
  );

MERGE `{{ dataset }}.notifications` AS known
USING ({{ folded_notifications }}) AS told
  ON known.notification_id = told.notification_id
{{ add_notifications('@computed_at') }};
