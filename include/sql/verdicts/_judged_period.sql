{#- The beginning of a script that judges a period: it fills the temporary table judged_period, which also holds the
    last cycle before the period, as the ledger has it. The period is taken in parts of about a million observations:
    that many fit into memory anywhere, and a part goes on from what the part before it said, as live cycles do.
    One row per cycle and subject. -#}
{%- from 'verdicts/_columns.sql' import nothing_seen, subject_columns, subject_from -%}
{%- set period_start = '@period_start' -%}
{%- set looked_at_first = '15 MINUTE' -%}
DECLARE v_from TIMESTAMP DEFAULT @period_start;
DECLARE v_to TIMESTAMP;
DECLARE v_cut TIMESTAMP;
{% include 'verdicts/_part_starts.sql' %}
{% include 'verdicts/_prior_cycle.sql' %}

CREATE TEMP TABLE judged_period AS
WITH
{% include 'verdicts/_prior_subjects.sql' %}

SELECT
  {{- subject_from('p', {}) }},
  0 AS cycle_minutes
FROM prior_subjects AS p;

{% set period_start = 'v_from' -%}
{%- set prior_part = 'verdicts/_prior_of_part.sql' -%}
{%- set prior_ledger = 'judged_period' -%}
{%- macro in_period(column) %}{{ column }} >= v_from AND {{ column }} < v_to{% endmacro -%}
{%- macro until_period_end(column) %}{{ column }} < v_to{% endmacro -%}
WHILE v_from < @period_end DO
  SET v_to = (SELECT COALESCE(MIN(start), @period_end) FROM UNNEST(v_starts) AS start WHERE start > v_from);

  CREATE OR REPLACE TEMP TABLE judged_cycles AS
  WITH
  {% include 'verdicts/_period_cycles.sql' %}

  SELECT c.*
  FROM cycles_of_part AS c;

  {% include 'verdicts/_measured_workloads.sql' %}

  -- Whose labels changed is looked up in what was said of the cycle before: so a part ends before that.
  SET v_cut = (
    WITH
    {% include 'verdicts/_label_changes.sql' %}

    SELECT MIN(l.cycle)
    FROM label_changes AS l
  );
  IF v_cut IS NOT NULL THEN
    SET v_to = v_cut;
    DELETE FROM measured_workloads AS w WHERE w.cycle >= v_to;
    DELETE FROM judged_cycles AS c WHERE c.cycle >= v_to;
  END IF;

  INSERT INTO judged_period ({{ subject_columns | join(', ') }}, cycle_minutes)
  WITH
  {% include 'verdicts/_seeing.sql' %}

  SELECT
    s.*,
    c.cycle_minutes
  FROM seen_subjects AS s
  INNER JOIN judged_cycles AS c ON s.cycle = c.cycle;

  INSERT INTO judged_period ({{ subject_columns | join(', ') }}, cycle_minutes)
  WITH
  seen_subjects AS (
    SELECT p.* EXCEPT (cycle_minutes)
    FROM judged_period AS p
    WHERE {{ in_period('p.cycle') }}
  ),

  {% include prior_part %},
  {% include 'verdicts/_considered_limits.sql' %},
  {% include 'verdicts/_cluster_states.sql' %},
  {% include 'verdicts/_missing.sql' %}

  SELECT
    {{- subject_from('u', nothing_seen) }},
    c.cycle_minutes
  FROM unseen_verdicts AS u
  INNER JOIN judged_cycles AS c ON u.cycle = c.cycle;

  SET v_prior_cycle = (SELECT MAX(p.cycle) FROM judged_period AS p);
  SET v_has_members = EXISTS (
    SELECT 1 FROM judged_period AS p WHERE p.cycle = v_prior_cycle AND p.members IS NOT NULL
  );
  SET v_from = v_to;
END WHILE;
