{#- CTE: what was told last of each episode; copies by mail or webhook follow what Slack is told. One row per episode. -#}
last_told AS (
  SELECT
    n.episode_id,
    n.cycle,
    n.reason,
    n.status,
    n.channel
  FROM `{{ dataset }}.notifications` AS n
  WHERE n.channel NOT LIKE '%:%'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY n.episode_id ORDER BY n.sequence DESC) = 1
)
