{#- Macro: a CTE of another's rows, in their order, an array for each page: a row of an answer ends at 100 MB.
    One row per page. -#}
{%- set page_rows = 2000 -%}
{%- macro pages(name, rows, column, keys) -%}
{{ name }} AS (
  SELECT
    n.page,
    ARRAY_AGG((SELECT AS STRUCT n.* EXCEPT (page)) ORDER BY n.{{ keys | join(', n.') }}) AS {{ column }}
  FROM (
    SELECT
      s.*,
      DIV(ROW_NUMBER() OVER (ORDER BY s.{{ keys | join(', s.') }}) - 1, {{ page_rows }}) AS page
    FROM {{ rows }} AS s
  ) AS n
  GROUP BY n.page
)
{%- endmacro -%}
