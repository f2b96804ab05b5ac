{#- Statements: fill the temporary table measured_workloads, what ran in each judged cycle, per workload, as far as it was
    seen; and change in it what the last cycle, the past and others say of some. Needs `judged_cycles`, a table or made by
    the part that cycles_part names, and prior_part, which makes `prior_subjects`.
    One row per cycle and workload, and two where a limit holds it that it has left. -#}
{%- from 'verdicts/_former.sql' import place -%}
CREATE OR REPLACE TEMP TABLE measured_workloads AS
WITH
{% if cycles_part is defined %}{% include cycles_part %},

{% include 'verdicts/_past_cycles.sql' %},
{% include 'verdicts/_known_unlabelled.sql' %},

{% endif %}{% include 'verdicts/_listed_workloads.sql' %},
{% include 'verdicts/_present_workloads.sql' %}

SELECT
  w.*,
  {% if cycles_part is defined -%}
    -- With whom the budget is asked for, so that no other statement names that table: each names a bill.
    CASE
      WHEN w.surge_replicas + w.takeover_replicas > 0
        THEN ARRAY(SELECT AS STRUCT p.cycle, p.cycle_minutes FROM past_cycles AS p)
    END AS past_cycles,
    w.created_at IS NOT NULL AND k.place IS NOT NULL AS is_past_known,
  {% else -%}
    FALSE AS is_past_known,
  {% endif -%}
  FALSE AS is_new,
  0 AS surge_allowance,
  0 AS takeover_allowance,
  CAST(NULL AS STRING) AS former_limit_id,
  CAST(NULL AS STRING) AS former_team_id,
  CAST(NULL AS STRING) AS former_api_id,
  CAST(NULL AS STRING) AS former_owner,
  '' AS held_by,
  CAST(NULL AS STRING) AS left_by
FROM present_workloads AS w
{%- if cycles_part is defined %}
LEFT JOIN known_unlabelled AS k ON k.place = {{ place('w') }}
{%- endif %};

{% include 'verdicts/_followed_workloads.sql' %}

{% include 'verdicts/_answered_questions.sql' %}
