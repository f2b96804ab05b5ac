{#- The beginning of a script that judges a period: it fills the temporary table judged_period, which also holds the
    last cycle before the period, as the ledger has it. The period is taken in parts of about a million observations:
    that many fit into memory anywhere, and a part goes on from what the part before it said, as live cycles do. -#}
{%- from 'verdicts/_period.sql' import has_not_ended -%}
{%- set period_start = '@period_start' -%}
DECLARE v_from TIMESTAMP DEFAULT @period_start;
DECLARE v_to TIMESTAMP;
DECLARE v_cycles INT64 DEFAULT (
  SELECT GREATEST(1, DIV(1000000, GREATEST(1, COALESCE(MAX(sizes.observations), 1))))
  FROM (
    SELECT SUM(r.row_count) AS observations
    FROM `{{ dataset }}.collection_runs` AS r
    WHERE r.cycle >= @period_start AND r.cycle < @period_end
    GROUP BY r.cycle
  ) AS sizes
);

CREATE TEMP TABLE judged_period AS
WITH
{% include 'verdicts/_prior_subjects.sql' %}

SELECT
  p.cycle,
  p.subject,
  p.scope,
  p.environment,
  p.cluster,
  p.namespace,
  p.workload_kind,
  p.workload_name,
  p.workload_count,
  p.api_id,
  p.team_id,
  p.verdict,
  p.measured,
  p.is_lower_bound,
  p.offender,
  p.is_over_strict,
  p.limit_id,
  p.limit_version,
  p.max_replicas,
  p.ceiling,
  p.exemption_id,
  p.is_contested,
  p.surge_allowance,
  p.spec_replicas,
  p.status_replicas,
  p.hpa_current_replicas,
  p.hpa_max_replicas,
  p.policy_version,
  p.limits_known_at,
  p.reason
FROM prior_subjects AS p;

{% set period_start = 'v_from' -%}
{%- macro in_period(column) %}{{ column }} >= v_from AND {{ column }} < v_to{% endmacro -%}
{%- macro until_period_end(column) %}{{ column }} < v_to{% endmacro -%}
WHILE v_from < @period_end DO
  SET v_to = LEAST(@period_end, TIMESTAMP_ADD(v_from, INTERVAL v_cycles * 5 MINUTE));

  INSERT INTO judged_period (
    cycle, subject, scope, environment, cluster, namespace, workload_kind, workload_name, workload_count, api_id,
    team_id, verdict, measured, is_lower_bound, offender, is_over_strict, limit_id, limit_version, max_replicas,
    ceiling, exemption_id, is_contested, surge_allowance, spec_replicas, status_replicas, hpa_current_replicas,
    hpa_max_replicas, policy_version, limits_known_at, reason
  )
  WITH
  {% include 'verdicts/_period_cycles.sql' %},

  prior_subjects AS (
    SELECT p.*
    FROM judged_period AS p
    WHERE p.cycle = (SELECT MAX(b.cycle) FROM judged_period AS b) AND {{ has_not_ended('p') }}
  ),

  {% include 'verdicts/_considered.sql' %},
  {% include 'verdicts/_measured_workloads.sql' %},
  {% include 'verdicts/_matched_limits.sql' %},
  {% include 'verdicts/_judged_subjects.sql' %},
  {% include 'verdicts/_unseen_subjects.sql' %}

  SELECT j.*
  FROM judged_subjects AS j;

  SET v_from = v_to;
END WHILE;
