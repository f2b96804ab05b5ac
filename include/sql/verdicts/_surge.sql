{#- Macros: what is forgiven of one observation of a workload, while the budget lasts (docs/decisions/0043).
    One value per observation. -#}
{%- from 'verdicts/_counting.sql' import counted_replicas -%}
{#- Only pods above what was asked for are forgiven. A StatefulSet counts those that stop, and they go one after another: all
    that is above. Elsewhere old pods must still stand: the second colour of a blue-green Rollout, else maxSurge, whose
    percentage is rounded up, as Kubernetes does. A canary without one has 25 %, a Recreate none. -#}
{%- macro surge_replicas(o) -%}
CASE
      WHEN {{ o }}.status_replicas <= {{ o }}.spec_replicas THEN 0
      WHEN {{ o }}.resource_type = 'statefulset' THEN {{ o }}.status_replicas - {{ o }}.spec_replicas
      WHEN {{ o }}.status_replicas <= {{ o }}.updated_replicas THEN 0
      ELSE LEAST(
        CASE {{ o }}.strategy
          WHEN 'BlueGreen' THEN {{ o }}.spec_replicas
          WHEN 'Canary' THEN {{ most_surge("COALESCE(" ~ o ~ ".max_surge, '25%')", o) }}
          ELSE {{ most_surge(o ~ '.max_surge', o) }}
        END,
        {{ o }}.status_replicas - {{ o }}.spec_replicas
      )
    END
{%- endmacro -%}
{%- macro most_surge(written, o) -%}
COALESCE(
            SAFE_CAST({{ written }} AS INT64),
            CAST(CEIL(SAFE_CAST(REGEXP_EXTRACT({{ written }}, r'^([0-9]+)%$') AS INT64) * {{ o }}.spec_replicas / 100) AS INT64),
            0
          )
{%- endmacro -%}
{#- Forgiven for at most the budget in any six hours, counted in cycles, each as long as it was: `past` holds the surge's
    minutes (_recent_pasts.sql), `policy` the budget. -#}
{%- macro while_the_budget_lasts(replicas, past, policy) -%}
IF(COALESCE({{ past }}.surge_minutes, 0) < {{ policy }}.surge_budget_minutes, {{ replicas }}, 0)
{%- endmacro -%}
{#- The Deployment that a row speaks of, and that a Rollout takes over by workloadRef; NULL for any other. -#}
{%- macro taken_name(o) -%}
CASE
      WHEN {{ o }}.resource_type = 'deployment' THEN {{ o }}.name
      WHEN {{ o }}.resource_type = 'rollout' AND {{ o }}.workload_ref_kind = 'Deployment' THEN {{ o }}.workload_ref_name
    END
{%- endmacro -%}
{#- What one row says by itself. Where only what is forgiven is asked, an unknown count and zero are the same, and the
    generations, which are billed in six hours of rows, are not read. -#}
{%- macro counts(o, is_unknown_told=true) %}
    {% if is_unknown_told %}{{ counted_replicas(o) }}{% else %}{{ o }}.status_replicas{% endif %} AS counted_replicas,
    COALESCE({{ surge_replicas(o) }}, 0) AS surge_replicas
{%- endmacro -%}
{#- What the rows of one taken_name say of whoever takes it over: of a group, or of a window. -#}
{%- macro successor(o, window='') %}
    -- While it scales the Deployment down (never, or nothing written, does not), both stand for one.
    {% for column, value in [('successor_spec', 'spec_replicas'), ('successor_replicas', 'status_replicas')] -%}
      MAX(
        IF(
          {{ o }}.resource_type = 'rollout' AND {{ o }}.workload_ref_scale_down IN ('onsuccess', 'progressively'),
          {{ o }}.{{ value }},
          NULL
        )
      ){{ window }} AS {{ column }},
    {% endfor -%}
    MAX(IF({{ o }}.resource_type = 'rollout', {{ o }}.name, NULL)){{ window }} AS successor_name
{%- endmacro -%}
{#- The double while a Rollout takes a Deployment over: what both have above what the Rollout was asked for. -#}
{%- macro takeover_replicas(c) -%}
IF(
      {{ c }}.resource_type = 'deployment',
      COALESCE(
        GREATEST(
          LEAST(
            {{ c }}.counted_replicas - {{ c }}.surge_replicas,
            {{ c }}.successor_replicas,
            {{ c }}.counted_replicas - {{ c }}.surge_replicas + {{ c }}.successor_replicas - {{ c }}.successor_spec
          ),
          0
        ),
        0
      ),
      0
    )
{%- endmacro -%}
