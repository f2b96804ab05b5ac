{#- Statements: six hours of sightings are read only where some workload's past matters, and what they say is written to
    those rows; limits only where one takes another over or has left the limit that counted it, and then one row may become
    two. Needs `measured_workloads`, and what _measured_workloads.sql needs.
    One row per cycle and workload, and two where a limit holds it that it has left. -#}
{%- from 'verdicts/_former.sql' import same_workload -%}
{%- from 'verdicts/_period.sql' import asks_for_its_past, asks_for_others -%}
BEGIN
  DECLARE v_asks STRUCT<past BOOL, others BOOL> DEFAULT (
    SELECT AS STRUCT
      COALESCE(LOGICAL_OR({{ asks_for_its_past('w') }}), FALSE) AS past,
      COALESCE(LOGICAL_OR({{ asks_for_others('w') }}), FALSE) AS others
    FROM measured_workloads AS w
  );

  IF v_asks.past THEN
    MERGE measured_workloads AS w
    USING (
      WITH
      {% include prior_part %},
      {% include 'verdicts/_policies.sql' %},
      {% include 'verdicts/_past_sightings.sql' %},
      {% include 'verdicts/_recent_pasts.sql' %},
      {% include 'verdicts/_lost_labels.sql' %},
      {% include 'verdicts/_answered_workloads.sql' %}

      SELECT a.*
      FROM answered_workloads AS a
    ) AS a
      ON {{ same_workload('w', 'a') }}
    WHEN MATCHED THEN
      UPDATE SET
        api_id = COALESCE(a.api_id, w.api_id),
        team_id = COALESCE(a.team_id, w.team_id),
        is_new = a.is_new,
        surge_allowance = a.surge_allowance,
        takeover_allowance = a.takeover_allowance,
        left_by = IF(a.is_label_lost, 'labels_removed', NULL);
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
