{#- Macro: the newest word about each thing that threads tell of, by what its state names it; copies by mail or webhook
    follow what Slack is told. One row per thing that something was told of. -#}
{%- macro newest_words(named, reasons) -%}
SELECT
  n.episode_id,
  n.sequence,
  n.told_state,
  n.channel,
  n.destination,
  JSON_VALUE(n.told_state, '$.{{ named }}') AS {{ named }}
FROM `{{ dataset }}.notifications` AS n
WHERE n.reason IN ({{ reasons }}) AND n.channel NOT LIKE '%:%'{{ caller() }}
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY JSON_VALUE(n.told_state, '$.{{ named }}') ORDER BY n.created_at DESC, n.sequence DESC
) = 1
{%- endmacro -%}
