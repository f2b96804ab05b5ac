{#- Macros: whether a limit's glob selectors (* and ?) take a workload. NULL selects everything; names hold no other
    character that means something in a regular expression than the dot. -#}
{%- macro selects(glob, value) -%}
({{ glob }} IS NULL OR REGEXP_CONTAINS(
  {{ value }}, CONCAT('^', REPLACE(REPLACE(REPLACE({{ glob }}, '.', '\\.'), '*', '.*'), '?', '.'), '$')
))
{%- endmacro -%}
{%- macro selects_workload(l, w) -%}
{{ selects(l ~ '.selectors.cluster', w ~ '.cluster') }}
    AND {{ selects(l ~ '.selectors.namespace', w ~ '.namespace') }}
    AND {{ selects(l ~ '.selectors.kind', w ~ '.workload_kind') }}
    AND {{ selects(l ~ '.selectors.name', w ~ '.workload_name') }}
{%- endmacro -%}
