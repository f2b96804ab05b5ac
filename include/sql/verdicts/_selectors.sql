{#- Macros: whether a limit's glob selectors (* and ?) take a workload. NULL selects everything; names hold no other
    character that means something in a regular expression than the dot. One value per limit and workload. -#}
{%- from 'limits/_holds.sql' import holds -%}
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
{#- What a limit wants of a workload's further labels, as one regular expression; empty where it wants nothing. They
    come as JSON text, [{"key":"tier","value":"gold"}], sorted by key as is what is wanted; no label holds a quotation
    mark. An empty value is no label, so that not even * takes it. -#}
{%- macro label_pattern(l) -%}
ARRAY_TO_STRING(
      ARRAY(
        SELECT
          CONCAT(
            '"key":"', REPLACE(wanted.key, '.', '\\.'), '","value":"',
            IF(
              REPLACE(wanted.value, '*', '') = '',
              '[^"]+',
              REPLACE(REPLACE(REPLACE(wanted.value, '.', '\\.'), '*', '[^"]*'), '?', '[^"]')
            ),
            '"'
          )
        FROM UNNEST({{ l }}.selectors.labels) AS wanted
        ORDER BY wanted.key
      ),
      '.*'
    )
{%- endmacro -%}
{#- How many selectors a limit sets: of two limits on one workload the one with more wins. -#}
{%- macro specificity(l) -%}
IF({{ l }}.selectors.cluster IS NULL, 0, 1)
    + IF({{ l }}.selectors.namespace IS NULL, 0, 1)
    + IF({{ l }}.selectors.kind IS NULL, 0, 1)
    + IF({{ l }}.selectors.name IS NULL, 0, 1)
    + COALESCE(ARRAY_LENGTH({{ l }}.selectors.labels), 0)
{%- endmacro -%}
{#- Whether a chosen match is a workload's in its cycle. -#}
{%- macro is_chosen_for(m, w) %}
      {{ w }}.cluster = {{ m }}.cluster
      AND {{ w }}.namespace = {{ m }}.namespace
      AND {{ w }}.workload_kind = {{ m }}.workload_kind
      AND {{ w }}.workload_name = {{ m }}.workload_name
      AND {{ w }}.api_id IS NOT DISTINCT FROM {{ m }}.api_id
      AND {{ w }}.team_id IS NOT DISTINCT FROM {{ m }}.team_id
      AND {{ w }}.label_text IS NOT DISTINCT FROM {{ m }}.label_text
      AND {{ w }}.held_by = {{ m }}.held_by
      AND {{ holds(m, w ~ '.cycle', w ~ '.known_at') }}
{%- endmacro -%}
