{#- Macro: the columns of a table, as its staging table has them: none is required, since a row may bring some alone.
    One value per table: the text between the brackets of its CREATE TABLE, moved in by so many spaces more. -#}
{%- macro staged_columns(table, further=0) -%}
{%- set created -%}{% include 'ddl/tables/' ~ table ~ '.sql' %}{%- endset -%}
{{ created.partition('` (\n  ')[2].partition('\n)')[0] | replace(' NOT NULL', '') | indent(further) }}
{%- endmacro -%}
