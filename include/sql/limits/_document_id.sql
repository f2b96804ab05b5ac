{#- Macro: the id of the document that grants an API's one limit without selectors, as plugins/pedwatch/limits/ids.py
    makes it: dots within a part are doubled. One value per environment, team and API. -#}
{%- macro document_id(x) -%}
CONCAT({{ x }}.environment, '.', REPLACE({{ x }}.team_id, '.', '..'), '.', REPLACE({{ x }}.api_id, '.', '..'))
{%- endmacro -%}
