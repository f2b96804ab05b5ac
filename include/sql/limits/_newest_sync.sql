{#- Scalar: how fresh the limits are at @cycle, the newest read_time that a sync has committed; NULL when there was none
    in the 90 days before. One value per cycle. -#}
(
    SELECT MAX(s.read_time)
    FROM `{{ dataset }}.limit_sync_runs` AS s
    WHERE s.read_time >= TIMESTAMP_SUB(@cycle, INTERVAL 90 DAY)
  )
