{#- Macros: a workload that the last cycle counted by a limit, and that names another API since (docs/decisions/0045).
    One value per workload. -#}
{%- macro place(w) -%}
CONCAT({{ w }}.cluster, '/', {{ w }}.namespace, '/', {{ w }}.workload_kind, '/', {{ w }}.workload_name)
{%- endmacro -%}
{#- Whether two rows of a cycle are of one workload. -#}
{%- macro same_workload(one, other) -%}
{{ one }}.cycle = {{ other }}.cycle
      AND {{ one }}.cluster = {{ other }}.cluster
      AND {{ one }}.namespace = {{ other }}.namespace
      AND {{ one }}.workload_kind = {{ other }}.workload_kind
      AND {{ one }}.workload_name = {{ other }}.workload_name
{%- endmacro -%}
{%- macro owner(w) -%}
CONCAT(COALESCE({{ w }}.team_id, ''), '/', COALESCE({{ w }}.api_id, ''))
{%- endmacro -%}
{%- macro has_left(w) -%}
{{ w }}.former_owner != {{ owner(w) }}
{%- endmacro -%}
{#- Under which limits to look for it: that which takes it as it is, '', and the one that it was counted by. -#}
{%- macro holders(w) -%}
IF({{ has_left(w) }}, ['', {{ w }}.former_limit_id], [''])
{%- endmacro -%}
{#- What a cycle says for the next one where something may be over; who left is not asked again whose it was. -#}
{%- macro member(w) -%}
IF(
        {{ w }}.left_by = 'api_changed' OR NOT {{ w }}.may_be_over,
        NULL,
        CONCAT(
          {{ place(w) }}, ' ', {{ w }}.limit_id, ' ', {{ w }}.subject_team_id, ' ', {{ w }}.subject_api_id, ' ',
          IF({{ w }}.held_by = '', {{ owner(w) }}, {{ w }}.former_owner)
        )
      )
{%- endmacro -%}
