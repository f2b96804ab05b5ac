-- Commits one sync: history, rejections, policy and the sync's own row together or not at all. A repeat of a committed
-- sync writes nothing, so that a task may be run again without thought.
-- Writes one row per range of a limit, rejection, policy and sync; returns none.
-- Parameters:
--   @sync_id STRING: run id of the sync
--   @read_time TIMESTAMP: the Firestore moment all was read at
--   @previous_read_time TIMESTAMP: that of the sync this one continues; NULL for the first ever
--   @committed_at TIMESTAMP: settings clock
--   @mode STRING: incremental | full
--   @documents_read, @documents_known, @changes, @staged_rows INT64: counts; staged_rows guards the staging table
--   @documents_sha256 STRING: fingerprint of Firestore's listing; NULL when nothing was listed
--   @firestore_project, @firestore_database, @firestore_collection STRING: where the limits were read from
--   @rejections ARRAY<STRUCT<document_id STRING, reason STRING, content_sha256 STRING, has_previous_limit BOOL,
--     is_current BOOL>>: all documents that could not be read at @read_time, and versions of them since replaced
--   @policy_version STRING: version of the policy in the configuration
--   @policies ARRAY<STRUCT<team_id STRING, api_id STRING, tolerance_count INT64, tolerance_ratio FLOAT64,
--     grace_minutes INT64, surge_budget_minutes INT64, for_observations INT64, window_observations INT64,
--     clear_observations INT64, gross_ratio FLOAT64, gross_count INT64, critical_ratio FLOAT64,
--     approvers ARRAY<STRUCT<approver STRING, team_id STRING>>>>: its rows
--   @advisories, @retired_clusters, @suppressed_teams ARRAY<STRING>: of the whole policy
--   @policy_commits ARRAY<STRUCT<commit STRING, author STRING, committed_at TIMESTAMP, ticket STRING>>: commits that changed
--     the policy, newest first, as the bundle lists them; none where nobody knows
DECLARE v_is_committed BOOL DEFAULT (
  SELECT COUNT(*) > 0 FROM `{{ dataset }}.limit_sync_runs` AS runs WHERE runs.sync_id = @sync_id
);
DECLARE v_end_of_time TIMESTAMP DEFAULT TIMESTAMP '9999-12-31 23:59:59.999999+00';
DECLARE v_policy STRUCT<valid_from TIMESTAMP, recorded_commits ARRAY<STRING>>;
DECLARE v_first_recorded INT64;

IF NOT v_is_committed THEN
  BEGIN TRANSACTION;

  -- Two syncs that start from the same state would record the same change twice: the second one stops here.
  IF (
    SELECT MAX(runs.read_time) FROM `{{ dataset }}.limit_sync_runs` AS runs
  ) IS DISTINCT FROM @previous_read_time THEN
    RAISE USING MESSAGE = 'another limit sync was committed meanwhile; this one wrote nothing, the next run catches up';
  END IF;

  IF (
    SELECT COUNT(*) FROM `{{ dataset }}.limit_staging` AS staged WHERE staged.sync_id = @sync_id
  ) != @staged_rows THEN
    RAISE USING MESSAGE = 'the staging table was replaced by another sync; this one wrote nothing, the next run catches up';
  END IF;

  MERGE `{{ dataset }}.limit_history` AS history
  USING (SELECT * FROM `{{ dataset }}.limit_staging` WHERE sync_id = @sync_id) AS staged
    ON
      staged.operation = 'close'
      AND history.limit_id = staged.limit_id
      AND history.valid_from = staged.valid_from
      AND history.recorded_to = v_end_of_time
  WHEN MATCHED THEN
    UPDATE SET recorded_to = @read_time
  WHEN NOT MATCHED BY TARGET AND staged.operation = 'open' THEN
    INSERT (
      limit_id, api_id, team_id, environment, scope, selectors, version, max_replicas, approver, ticket, exemptions,
      source_repo, source_path, source_commit, document_update_time, document_version, versions_missing, valid_from,
      valid_to, recorded_from, recorded_to, content_sha256, is_deleted
    )
    VALUES (
      staged.limit_id, staged.api_id, staged.team_id, staged.environment, staged.scope, staged.selectors,
      staged.version, staged.max_replicas, staged.approver, staged.ticket, staged.exemptions, staged.source_repo,
      staged.source_path, staged.source_commit, staged.document_update_time, staged.document_version,
      staged.versions_missing, staged.valid_from, staged.valid_to, @read_time, v_end_of_time, staged.content_sha256, staged.is_deleted
    );

  -- A row is one stay: what comes again, or says something else, is a row of its own, so that what was known at a moment
  -- never changes. It is known until just before the first sync that no longer saw it.
  MERGE `{{ dataset }}.limit_rejections` AS rejections
  USING (
    SELECT
      found.document_id,
      found.reason,
      found.content_sha256,
      found.has_previous_limit,
      found.is_current
    FROM UNNEST(@rejections) AS found
    -- A version that had been replaced when it was read is noted once.
    WHERE
      found.is_current
      OR NOT EXISTS (
        SELECT 1
        FROM `{{ dataset }}.limit_rejections` AS noted
        WHERE
          noted.document_id = found.document_id
          AND noted.content_sha256 = found.content_sha256
          AND noted.reason = found.reason
      )
  ) AS seen
    ON
      rejections.is_current
      AND seen.is_current
      AND rejections.document_id = seen.document_id
      AND rejections.content_sha256 = seen.content_sha256
      AND rejections.reason = seen.reason
      AND rejections.has_previous_limit = seen.has_previous_limit
  WHEN MATCHED THEN
    UPDATE SET last_seen = @read_time
  WHEN NOT MATCHED BY TARGET THEN
    INSERT (document_id, reason, content_sha256, first_seen, last_seen, is_current, has_previous_limit)
    VALUES (
      seen.document_id, seen.reason, seen.content_sha256, @read_time, @read_time, seen.is_current,
      seen.has_previous_limit
    )
  WHEN NOT MATCHED BY SOURCE AND rejections.is_current THEN
    UPDATE SET
      last_seen = TIMESTAMP_SUB(@read_time, INTERVAL 1 MICROSECOND),
      is_current = FALSE;

  SET v_policy = (
    SELECT AS STRUCT
      IF(COUNT(*) = 0, TIMESTAMP '0001-01-01 00:00:00+00', @read_time) AS valid_from,
      ARRAY_AGG(made.commit IGNORE NULLS) AS recorded_commits
    FROM `{{ dataset }}.policy_history` AS history
    LEFT JOIN UNNEST(history.commits) AS made
  );

  -- Of the commits listed those made this version that none before it was made by; of a list of which none is recorded,
  -- the newest did.
  SET v_first_recorded = COALESCE(
    (
      SELECT MIN(place) FROM UNNEST(@policy_commits) AS listed WITH OFFSET AS place
      WHERE listed.commit IN UNNEST(v_policy.recorded_commits)
    ),
    1
  );

  MERGE `{{ dataset }}.policy_history` AS history
  USING (
    SELECT
      policy.team_id,
      policy.api_id,
      policy.tolerance_count,
      policy.tolerance_ratio,
      policy.grace_minutes,
      policy.surge_budget_minutes,
      policy.for_observations,
      policy.window_observations,
      policy.clear_observations,
      policy.gross_ratio,
      policy.gross_count,
      policy.critical_ratio,
      policy.approvers,
      @advisories AS advisories,
      @retired_clusters AS retired_clusters,
      @suppressed_teams AS suppressed_teams,
      ARRAY(
        SELECT listed FROM UNNEST(@policy_commits) AS listed WITH OFFSET AS place
        WHERE place < v_first_recorded
        ORDER BY place
      ) AS commits
    FROM UNNEST(@policies) AS policy
  ) AS current_policy
    ON
      history.policy_version = @policy_version
      AND history.valid_to = v_end_of_time
      AND history.team_id IS NOT DISTINCT FROM current_policy.team_id
      AND history.api_id IS NOT DISTINCT FROM current_policy.api_id
  WHEN NOT MATCHED BY TARGET THEN
    INSERT (
      policy_version, valid_from, valid_to, team_id, api_id, tolerance_count, tolerance_ratio, grace_minutes,
      surge_budget_minutes, for_observations, window_observations, clear_observations, gross_ratio, gross_count,
      critical_ratio, approvers, advisories, retired_clusters, suppressed_teams, commits
    )
    VALUES (
      @policy_version, v_policy.valid_from, v_end_of_time, current_policy.team_id, current_policy.api_id,
      current_policy.tolerance_count, current_policy.tolerance_ratio, current_policy.grace_minutes,
      current_policy.surge_budget_minutes, current_policy.for_observations, current_policy.window_observations,
      current_policy.clear_observations, current_policy.gross_ratio, current_policy.gross_count,
      current_policy.critical_ratio, current_policy.approvers, current_policy.advisories,
      current_policy.retired_clusters, current_policy.suppressed_teams, current_policy.commits
    )
  WHEN NOT MATCHED BY SOURCE AND history.valid_to = v_end_of_time THEN
    UPDATE SET valid_to = @read_time;

  INSERT INTO `{{ dataset }}.limit_sync_runs` (
    sync_id, read_time, committed_at, mode, documents_read, documents_known, documents_sha256, changes, rejections,
    policy_version, firestore_project, firestore_database, firestore_collection
  )
  SELECT
    @sync_id,
    @read_time,
    @committed_at,
    @mode,
    @documents_read,
    @documents_known,
    @documents_sha256,
    @changes,
    COUNTIF(found.is_current),
    @policy_version,
    @firestore_project,
    @firestore_database,
    @firestore_collection
  FROM UNNEST(@rejections) AS found;

  COMMIT TRANSACTION;
END IF;
