{#- Statement: where the parts of a period begin that are judged one after the other, but for the first: each has as many
    cycles as hold about a million observations, and where nobody looked there is none. One value per period. -#}
DECLARE v_starts ARRAY<TIMESTAMP> DEFAULT ARRAY(
  SELECT MIN(numbered.cycle)
  FROM (
    SELECT
      sizes.cycle,
      DIV(
        COALESCE(SUM(sizes.observations) OVER (ORDER BY sizes.cycle ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0),
        1000000
      ) AS part
    FROM (
      SELECT
        r.cycle,
        COALESCE(SUM(r.row_count), 0) AS observations
      FROM `{{ dataset }}.collection_runs` AS r
      WHERE r.cycle >= @period_start AND r.cycle < @period_end
      GROUP BY r.cycle
    ) AS sizes
  ) AS numbered
  WHERE numbered.part > 0
  GROUP BY numbered.part
);
