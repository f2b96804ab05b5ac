-- Judge every subject of @cycle by the limits that held at @cycle as known at @known_at, and append what is new to the
-- ledger. Running it again writes nothing unless something changed, and then a new revision (docs/decisions/0002). A
-- script: BigQuery plans what is named once and read often anew wherever it is read, so what ran is a temporary table.
-- Writes one row per subject that is new or judged otherwise; returns none.
-- Parameters: @cycle, @known_at, @computed_at TIMESTAMP; @is_limits_stale BOOL; @origin, @run_id STRING.
{%- from 'verdicts/_columns.sql' import nothing_seen, subject_columns, subject_from %}
{%- set period_start = '@cycle' %}
{%- set looked_at_first = (3 * cycle_minutes) ~ ' MINUTE' %}
{%- macro in_period(column) %}{{ column }} = @cycle{% endmacro %}
{%- macro until_period_end(column) %}{{ column }} <= @cycle{% endmacro %}
{%- set cycles_part = 'verdicts/_judged_cycle.sql' %}
{%- set prior_part = 'verdicts/_prior_subjects.sql' %}
{%- set not_judged = dict(
  nothing_seen, verdict="'unknown'", measured='CAST(NULL AS INT64)', is_lower_bound='TRUE',
  limit_version='CAST(NULL AS INT64)', max_replicas='CAST(NULL AS INT64)', ceiling='CAST(NULL AS INT64)',
  limits_known_at='@known_at', reason="'not_judged_any_more'",
  members='CAST(NULL AS STRING)', unlabelled='CAST(NULL AS STRING)'
) %}
DECLARE v_policy_version STRING DEFAULT (
  SELECT ANY_VALUE(p.policy_version)
  FROM `{{ dataset }}.policy_history` AS p
  WHERE p.valid_from <= @cycle AND @cycle < p.valid_to
);
{% include 'verdicts/_prior_cycle.sql' %}

{% include 'verdicts/_measured_workloads.sql' %}

MERGE `{{ dataset }}.verdicts` AS ledger
USING (
  WITH
  {% include cycles_part %},
  {% include prior_part %},
  {% include 'verdicts/_seeing.sql' %},
  {% include 'verdicts/_missing.sql' %},

  judged_subjects AS (
    SELECT *
    FROM seen_subjects
    UNION ALL
    SELECT
      {{- subject_from('u', nothing_seen) | indent(2) }}
    FROM unseen_verdicts AS u
  ),

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
        j.verdict, j.measured, j.running, j.is_lower_bound, j.offender, j.is_over_strict, j.limit_id, j.limit_version,
        j.max_replicas, j.ceiling, j.exemption_id, j.surge_allowance, j.is_past_deadline, j.policy_version, j.reason, j.workload_count
      )))) AS content_sha256
    FROM judged_subjects AS j
  )

  -- What was judged before, and is no subject any more by what is known now: the ledger says so instead of going on.
  SELECT
    {% for column in subject_columns -%}
      IF(j.fingerprint IS NULL, {{ not_judged.get(column, 'r.' ~ column) }}, j.{{ column }}) AS {{ column }},
    {% endfor -%}
    COALESCE(j.fingerprint, r.fingerprint) AS fingerprint,
    COALESCE(j.content_sha256, TO_HEX(SHA256('not_judged_any_more'))) AS content_sha256,
    COALESCE(r.revision, 0) + 1 AS revision,
    -- As it was recorded, also when it is judged anew; one that nobody recorded is as long as cycles are now.
    (
      SELECT COALESCE(MAX(c.cycle_minutes), {{ cycle_minutes }})
      FROM `{{ dataset }}.collection_runs` AS c
      WHERE c.cycle = @cycle
    ) AS cycle_minutes
  FROM identified_subjects AS j
  FULL JOIN current_revisions AS r ON j.fingerprint = r.fingerprint
  WHERE
    IF(
      j.fingerprint IS NULL, r.reason != 'not_judged_any_more', r.content_sha256 IS DISTINCT FROM j.content_sha256
    )
) AS judged
  ON
    ledger.cycle = @cycle
    AND ledger.fingerprint = judged.fingerprint
    AND ledger.revision = judged.revision
WHEN NOT MATCHED THEN
  INSERT (
    {% for column in subject_columns -%}
      {{ column }},
    {% endfor -%}
    cycle_minutes, fingerprint, content_sha256, revision, is_limits_stale, origin, computed_at, run_id
  )
  VALUES (
    {% for column in subject_columns -%}
      judged.{{ column }},
    {% endfor -%}
    judged.cycle_minutes, judged.fingerprint, judged.content_sha256, judged.revision, @is_limits_stale, @origin, @computed_at, @run_id
  )
