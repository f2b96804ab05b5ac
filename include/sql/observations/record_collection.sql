-- One row per expected cluster and cycle, always (docs/design.md#d5). Expected: listed (configured or discovered), or
-- seen in the last seven days, until retired by name: then its row says that, in every cycle, which ends what was told
-- of it. No manifest means failed. Cycles in which no run collected are written as gaps, unless a manifest tells
-- otherwise. The first complete manifest of a cluster owns its cycle: nothing downgrades it.
-- Parameters: @cycle, @recorded_at TIMESTAMP; @manifests ARRAY<STRUCT<cycle TIMESTAMP, cluster STRING, environment
-- STRING, attempt_id STRING, status STRING, error_class STRING, error_message STRING, deployments_listed INT64,
-- statefulsets_listed INT64, rollouts_listed INT64, hpas_listed INT64, resource_version_deployments STRING,
-- resource_version_statefulsets STRING, resource_version_rollouts STRING, resource_version_hpas STRING, not_served
-- STRING, is_consistent BOOL, started_at TIMESTAMP, finished_at TIMESTAMP, retries INT64, bytes_read INT64,
-- collector_version STRING, evidence_object STRING, row_count INT64, content_sha256 STRING>>; @configured
-- ARRAY<STRUCT<cluster STRING, environment STRING, project STRING, location STRING>>: the latter two of discovered
-- ones; @retired ARRAY<STRING>.
MERGE `{{ dataset }}.collection_runs` AS known
USING (
  WITH
  recent_runs AS (
    SELECT *
    FROM `{{ dataset }}.collection_runs`
    WHERE cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 7 DAY) AND cycle < @cycle
  ),

  expected_clusters AS (
    SELECT
      cluster,
      -- What is listed now goes before what it was: the configuration may have accepted another one.
      COALESCE(MIN(IF(is_listed, environment, NULL)), MIN(environment)) AS environment,
      LOGICAL_OR(is_listed) AS is_listed
    FROM (
      SELECT
        c.cluster,
        c.environment,
        TRUE AS is_listed
      FROM UNNEST(@configured) AS c
      UNION ALL
      SELECT
        r.cluster,
        r.environment,
        FALSE AS is_listed
      FROM recent_runs AS r
      WHERE r.status NOT IN ('failed', 'retired')
    ) AS candidates
    WHERE cluster NOT IN UNNEST(@retired)
    GROUP BY cluster
  ),

  missed_cycles AS (
    -- After a stop of more than a day only the last day is written out; the rest is one long gap before it.
    SELECT missed_cycle
    FROM
      (
        SELECT
          GREATEST(
            COALESCE(MAX(cycle), TIMESTAMP_SUB(@cycle, INTERVAL {{ cycle_minutes }} MINUTE)),
            TIMESTAMP_SUB(@cycle, INTERVAL 1 DAY)
          ) AS last_cycle
        FROM recent_runs
      ) AS newest
    CROSS JOIN UNNEST(
      GENERATE_TIMESTAMP_ARRAY(
        -- From the first mark behind it: cycles may have been shorter then.
        TIMESTAMP_SECONDS(
          (DIV(UNIX_SECONDS(newest.last_cycle), {{ 60 * cycle_minutes }}) + 1) * {{ 60 * cycle_minutes }}
        ),
        TIMESTAMP_SUB(@cycle, INTERVAL {{ cycle_minutes }} MINUTE),
        INTERVAL {{ cycle_minutes }} MINUTE
      )
    ) AS missed_cycle
  ),

  {% include 'observations/_owning_manifests.sql' %},

  cycle_lengths AS (
    -- As a cycle was recorded before; it stays so, however long cycles are now. A new one reaches back to the one before
    -- it and no further, where that was of a shorter kind: so no minute counts twice (docs/decisions/0060).
    SELECT
      cycle,
      COALESCE(
        recorded_minutes,
        LEAST(
          {{ cycle_minutes }},
          COALESCE(TIMESTAMP_DIFF(cycle, LAG(cycle) OVER (ORDER BY cycle), MINUTE), {{ cycle_minutes }})
        )
      ) AS cycle_minutes
    FROM (
      SELECT
        cycle,
        MAX(cycle_minutes) AS recorded_minutes
      FROM (
        SELECT
          cycle,
          cycle_minutes
        FROM `{{ dataset }}.collection_runs`
        WHERE cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 1 DAY) AND cycle <= @cycle
        UNION ALL
        SELECT
          missed_cycle,
          NULL AS cycle_minutes
        FROM missed_cycles
        UNION ALL
        SELECT
          m.cycle,
          NULL AS cycle_minutes
        FROM owning_manifests AS m
        UNION ALL
        SELECT
          @cycle,
          NULL AS cycle_minutes
      ) AS named
      GROUP BY cycle
    ) AS each_once
  ),

  silent_clusters AS (
    SELECT
      @cycle AS cycle,
      e.cluster,
      e.environment,
      IF(e.is_listed, 'no_manifest', 'not_listed') AS error_class,
      IF(
        e.is_listed,
        'no collection attempt reported before the collection closed',
        'seen in the last seven days, but no longer configured or discovered: retire it by name if that is on purpose'
      ) AS error_message
    FROM expected_clusters AS e
    LEFT JOIN owning_manifests AS m ON m.cluster = e.cluster AND m.cycle = @cycle
    WHERE m.cluster IS NULL
    UNION ALL
    SELECT
      g.missed_cycle,
      e.cluster,
      e.environment,
      'missed_cycle',
      'no run collected in this cycle: none took place, or it started too late'
    FROM missed_cycles AS g
    CROSS JOIN expected_clusters AS e
    -- A run that collected and then failed to record it: its manifests are read now.
    LEFT JOIN owning_manifests AS m ON m.cluster = e.cluster AND m.cycle = g.missed_cycle
    WHERE m.cluster IS NULL
  ),

  retired_clusters AS (
    -- For seven days after it was watched last, a sum that it counted in says that it counts no longer.
    SELECT
      retired AS cluster,
      COALESCE(
        MAX(IF(r.status != 'retired', r.environment, NULL)), MAX(r.environment), 'unknown'
      ) AS environment,
      IF(LOGICAL_OR(r.status != 'retired'), 'watched_lately', NULL) AS error_class
    FROM UNNEST(@retired) AS retired
    LEFT JOIN recent_runs AS r ON retired = r.cluster
    GROUP BY retired
  ),

  unseen_clusters AS (
    SELECT
      s.*,
      'failed' AS status
    FROM silent_clusters AS s
    UNION ALL
    SELECT
      @cycle,
      t.cluster,
      t.environment,
      t.error_class,
      'retired by name: nothing is expected of it any more',
      'retired'
    FROM retired_clusters AS t
    LEFT JOIN owning_manifests AS m ON t.cluster = m.cluster AND m.cycle = @cycle
    WHERE m.cluster IS NULL
  )

  SELECT
    m.cycle,
    m.cluster,
    m.environment,
    m.status,
    m.error_class,
    m.error_message,
    m.attempt_id,
    m.deployments_listed,
    m.statefulsets_listed,
    m.rollouts_listed,
    m.hpas_listed,
    m.resource_version_deployments,
    m.resource_version_statefulsets,
    m.resource_version_rollouts,
    m.resource_version_hpas,
    m.not_served,
    m.is_consistent,
    m.started_at,
    m.finished_at,
    m.retries,
    m.bytes_read,
    m.collector_version,
    m.evidence_object,
    m.row_count,
    m.content_sha256,
    c.project,
    c.location,
    l.cycle_minutes,
    CASE m.status WHEN 'complete' THEN 3 WHEN 'partial' THEN 2 ELSE 1 END AS quality
  FROM owning_manifests AS m
  LEFT JOIN UNNEST(@configured) AS c ON m.cluster = c.cluster
  INNER JOIN cycle_lengths AS l ON m.cycle = l.cycle
  UNION ALL
  SELECT
    s.cycle,
    s.cluster,
    s.environment,
    s.status,
    s.error_class,
    s.error_message,
    CAST(NULL AS STRING),
    CAST(NULL AS INT64),
    CAST(NULL AS INT64),
    CAST(NULL AS INT64),
    CAST(NULL AS INT64),
    CAST(NULL AS STRING),
    CAST(NULL AS STRING),
    CAST(NULL AS STRING),
    CAST(NULL AS STRING),
    CAST(NULL AS STRING),
    CAST(NULL AS BOOL),
    CAST(NULL AS TIMESTAMP),
    CAST(NULL AS TIMESTAMP),
    CAST(NULL AS INT64),
    CAST(NULL AS INT64),
    CAST(NULL AS STRING),
    CAST(NULL AS STRING),
    CAST(NULL AS INT64),
    CAST(NULL AS STRING),
    c.project,
    c.location,
    l.cycle_minutes,
    0
  FROM unseen_clusters AS s
  LEFT JOIN UNNEST(@configured) AS c ON s.cluster = c.cluster
  INNER JOIN cycle_lengths AS l ON s.cycle = l.cycle
) AS reported
  ON
    known.cycle >= TIMESTAMP_SUB(@cycle, INTERVAL 1 DAY)
    AND known.cycle <= @cycle
    AND known.cycle = reported.cycle
    AND known.cluster = reported.cluster
WHEN MATCHED AND reported.quality > CASE
  WHEN known.status = 'complete' THEN 3
  WHEN known.status = 'partial' THEN 2
  WHEN known.status = 'retired' OR known.error_class IN ('no_manifest', 'not_listed', 'missed_cycle') THEN 0
  ELSE 1
END THEN
  UPDATE SET
    environment = reported.environment,
    status = reported.status,
    error_class = reported.error_class,
    error_message = reported.error_message,
    attempt_id = reported.attempt_id,
    deployments_listed = reported.deployments_listed,
    statefulsets_listed = reported.statefulsets_listed,
    rollouts_listed = reported.rollouts_listed,
    hpas_listed = reported.hpas_listed,
    resource_version_deployments = reported.resource_version_deployments,
    resource_version_statefulsets = reported.resource_version_statefulsets,
    resource_version_rollouts = reported.resource_version_rollouts,
    resource_version_hpas = reported.resource_version_hpas,
    not_served = reported.not_served,
    is_consistent = reported.is_consistent,
    started_at = reported.started_at,
    finished_at = reported.finished_at,
    retries = reported.retries,
    bytes_read = reported.bytes_read,
    collector_version = reported.collector_version,
    evidence_object = reported.evidence_object,
    row_count = reported.row_count,
    content_sha256 = reported.content_sha256,
    project = reported.project,
    location = reported.location,
    recorded_at = @recorded_at
WHEN NOT MATCHED BY TARGET THEN
  INSERT (
    cycle, cluster, environment, status, error_class, error_message, attempt_id, deployments_listed,
    statefulsets_listed, rollouts_listed, hpas_listed, resource_version_deployments, resource_version_statefulsets,
    resource_version_rollouts, resource_version_hpas, not_served, is_consistent, started_at, finished_at, retries,
    bytes_read, collector_version, evidence_object, row_count, content_sha256, project, location, cycle_minutes,
    recorded_at
  )
  VALUES (
    reported.cycle, reported.cluster, reported.environment, reported.status, reported.error_class,
    reported.error_message, reported.attempt_id, reported.deployments_listed, reported.statefulsets_listed,
    reported.rollouts_listed, reported.hpas_listed, reported.resource_version_deployments,
    reported.resource_version_statefulsets, reported.resource_version_rollouts, reported.resource_version_hpas,
    reported.not_served, reported.is_consistent, reported.started_at, reported.finished_at, reported.retries,
    reported.bytes_read, reported.collector_version, reported.evidence_object, reported.row_count,
    reported.content_sha256, reported.project, reported.location, reported.cycle_minutes, @recorded_at
  )
