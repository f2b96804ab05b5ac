{#- Macro: how many pods over a limit are let pass, the greater of a policy's count and its share of the limit; its only
    place. In decimals, as the share is written: 29 % of 100 are 29 pods, and 28.999… as floating point has it.
    One value per limit and policy. -#}
{%- macro tolerated(max_replicas, p) -%}
GREATEST(
      {{ p }}.tolerance_count, CAST(FLOOR({{ max_replicas }} * CAST({{ p }}.tolerance_ratio AS NUMERIC)) AS INT64)
    )
{%- endmacro -%}
