{#- Statement: how many minutes of a period are judged at once: as many cycles of it as hold a million observations, where
    cycles of several lengths are in it of the shortest. One value per period. -#}
DECLARE v_minutes INT64 DEFAULT (
  SELECT
    GREATEST(1, DIV(1000000, GREATEST(1, COALESCE(MAX(sizes.observations), 1))))
    * COALESCE(MIN(sizes.cycle_minutes), 60)
  FROM (
    SELECT
      SUM(r.row_count) AS observations,
      MAX(r.cycle_minutes) AS cycle_minutes
    FROM `{{ dataset }}.collection_runs` AS r
    WHERE r.cycle >= @period_start AND r.cycle < @period_end
    GROUP BY r.cycle
  ) AS sizes
);
