{#- Statements: fill the temporary table measured_workloads, what ran in each judged cycle, per workload, as far as it was
    seen. Six hours of sightings are read only where some workload's past matters, and limits only where one takes another
    over or has left the limit that counted it. Needs `judged_cycles`, a table or made by the part that cycles_part names,
    and prior_part, which makes `prior_subjects`.
    One row per cycle and workload, and two where a limit holds it that it has left. -#}
{%- from 'verdicts/_former.sql' import place, same_workload -%}
{%- from 'verdicts/_period.sql' import asks_for_its_past, asks_for_others -%}
CREATE OR REPLACE TEMP TABLE measured_workloads AS
WITH
{% if cycles_part is defined %}{% include cycles_part %},

{% include 'verdicts/_past_cycles.sql' %},

{% endif %}{% include 'verdicts/_listed_workloads.sql' %},
{% include 'verdicts/_present_workloads.sql' %},
{% include 'verdicts/_former_limits.sql' %}

SELECT
  w.*,
  {% if cycles_part is defined -%}
    -- With whom the budget is asked for, so that no other statement names that table: each names a bill.
    CASE
      WHEN w.surge_replicas + w.takeover_replicas > 0
        THEN ARRAY(SELECT AS STRUCT p.cycle, p.cycle_minutes FROM past_cycles AS p)
    END AS past_cycles,
  {% endif -%}
  FALSE AS is_new,
  0 AS surge_allowance,
  0 AS takeover_allowance,
  f.limit_id AS former_limit_id,
  f.team_id AS former_team_id,
  f.api_id AS former_api_id,
  f.owner AS former_owner,
  '' AS held_by,
  CAST(NULL AS STRING) AS left_by
FROM present_workloads AS w
LEFT JOIN former_limits AS f ON f.place = {{ place('w') }};

{% if known_part is defined %}{% include known_part %}

{% endif -%}
BEGIN
  DECLARE v_asks STRUCT<past BOOL, others BOOL> DEFAULT (
    SELECT AS STRUCT
      COALESCE(LOGICAL_OR({{ asks_for_its_past('w') }}), FALSE) AS past,
      COALESCE(LOGICAL_OR({{ asks_for_others('w') }}), FALSE) AS others
    FROM measured_workloads AS w
  );

  IF v_asks.past THEN
    CREATE OR REPLACE TEMP TABLE measured_workloads AS
    WITH
    {% include prior_part %},
    {% include 'verdicts/_policies.sql' %},
    {% include 'verdicts/_past_sightings.sql' %},
    {% include 'verdicts/_recent_pasts.sql' %},
    {% include 'verdicts/_lost_labels.sql' %},
    {% include 'verdicts/_answered_workloads.sql' %}

    SELECT
      w.*{{ ' EXCEPT (past_cycles)' if cycles_part is defined }} REPLACE (
        COALESCE(a.api_id, w.api_id) AS api_id,
        COALESCE(a.team_id, w.team_id) AS team_id,
        COALESCE(a.is_new, FALSE) AS is_new,
        COALESCE(a.surge_allowance, 0) AS surge_allowance,
        COALESCE(a.takeover_allowance, 0) AS takeover_allowance,
        IF(a.is_label_lost, 'labels_removed', NULL) AS left_by
      )
    FROM measured_workloads AS w
    LEFT JOIN answered_workloads AS a ON {{ same_workload('w', 'a') }};
  END IF;

  IF v_asks.others THEN
    CREATE OR REPLACE TEMP TABLE measured_workloads AS
    WITH
    {% if cycles_part is defined %}{% include cycles_part %},

    {% endif %}{% include 'verdicts/_considered_limits.sql' %},
    {% include 'verdicts/_settled_workloads.sql' %}

    SELECT
      w.* REPLACE (
        COALESCE(a.takeover_allowance, 0) AS takeover_allowance,
        COALESCE(a.held_by, '') AS held_by,
        IF(a.held_by IS NULL, w.left_by, a.left_by) AS left_by
      )
    FROM measured_workloads AS w
    LEFT JOIN settled_workloads AS a ON {{ same_workload('w', 'a') }};
  END IF;
END;
