{#- Macros: where a workload is, as text, and whether one that was known (`k`) is still somewhere (`p`).
    One value per workload. -#}
{%- macro api_in(cluster, s) -%}
CONCAT('api/', {{ cluster }}, '/', {{ s }}.team_id, '/', {{ s }}.api_id)
{%- endmacro -%}
{%- macro workload_in(s) -%}
CONCAT('workload/', {{ s }}.cluster, '/', {{ s }}.namespace, '/', {{ s }}.workload_name)
{%- endmacro -%}
{#- Whether the one workload that a subject consisted of is there, and what else is true of that. -#}
{%- macro is_there(what) -%}
k.scope = 'cluster'
    AND COUNTIF(p.place = {{ workload_in('k') }} AND p.workload_kind = k.workload_kind AND {{ what }}) OVER same_subject > 0
{%- endmacro -%}
{#- Whether another kind of its name is there, of the same API, and what else is true of that. -#}
{%- macro is_another_kind_there(what) -%}
k.scope != 'total'
    AND COUNTIF(
      p.place = {{ workload_in('k') }}
      AND p.workload_kind != k.workload_kind
      AND p.owner = CONCAT(k.team_id, '/', k.api_id)
      AND {{ what }}
    ) OVER same_subject > 0
{%- endmacro -%}
