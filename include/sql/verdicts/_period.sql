{#- Macros that more than one part of the comparison needs. One value per row that they are asked about. -#}
{%- from 'verdicts/_former.sql' import has_left, place -%}
{#- An empty value is no label, as templates leave it behind. -#}
{%- macro is_unlabelled(w) -%}
(COALESCE({{ w }}.api_id, '') = '' OR COALESCE({{ w }}.team_id, '') = '')
{%- endmacro -%}
{#- Why nothing more is said of a subject. -#}
{%- set endings = "('workload_gone', 'scope_changed', 'environment_changed', 'cluster_retired', 'kind_changed',"
    ~ " 'limit_rekeyed', 'api_changed')" -%}
{#- Whether something may still be said of a subject that is not seen any more. -#}
{%- macro has_not_ended(v) -%}
{{ v }}.reason NOT IN {{ endings }} AND {{ v }}.reason != 'not_judged_any_more'
{%- endmacro -%}
{#- Whose past matters: surge spends a budget, a young object may be an old workload, labels may have been lost; but not
    where it is known that there were none (_known_unlabelled.sql). No grace is longer than six hours, so what was created
    before them is not new. -#}
{%- macro asks_for_its_past(w) -%}
(
  {{ w }}.surge_replicas + {{ w }}.takeover_replicas > 0
  OR {{ w }}.created_at > TIMESTAMP_SUB({{ w }}.cycle, INTERVAL 6 HOUR)
  OR ({{ is_unlabelled(w) }} AND NOT {{ w }}.is_past_known)
)
{%- endmacro -%}
{#- What a cycle says for the next one of a workload without labels whose past was asked for, or known, and had none. Of
    whom others say something it is not said. -#}
{%- macro unlabelled_place(w) -%}
IF(
        {{ is_unlabelled(w) }}
        AND {{ w }}.is_listed
        AND {{ w }}.policy_version IS NOT NULL
        AND {{ w }}.left_by IS NULL
        AND NOT COALESCE({{ has_left(w) }}, FALSE),
        {{ place(w) }},
        NULL
      )
{%- endmacro -%}
{#- Of whom others say something: it is taken over, or left the limit that counted it, by the labels it has or by those that
    its past will say it had. -#}
{%- macro asks_for_others(w) -%}
(
  {{ w }}.takeover_replicas > 0
  OR {{ has_left(w) }}
  OR ({{ w }}.former_owner IS NOT NULL AND {{ is_unlabelled(w) }} AND NOT {{ w }}.is_past_known)
)
{%- endmacro -%}
{#- Whether a policy row is for an API; of several the closest counts: that of the API, else of its team, else the
    defaults. -#}
{%- macro covers_api(p, a) -%}
({{ p }}.team_id IS NULL OR {{ p }}.team_id = {{ a }}.team_id) AND ({{ p }}.api_id IS NULL OR {{ p }}.api_id = {{ a }}.api_id)
{%- endmacro -%}
{%- macro covers(p, a) -%}
{{ a }}.policy_version = {{ p }}.policy_version AND {{ covers_api(p, a) }}
{%- endmacro -%}
{%- macro closest(p) -%}
IF({{ p }}.api_id IS NULL, 0, 1) DESC, IF({{ p }}.team_id IS NULL, 0, 1) DESC
{%- endmacro -%}
