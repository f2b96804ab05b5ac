{#- CTE: whose manifest owns a cycle's evidence where several runs left one: the best seen, of these the first begun.
    One row per cycle and cluster of @manifests. -#}
owning_manifests AS (
    SELECT *
    FROM UNNEST(@manifests) AS m
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY m.cycle, m.cluster
      ORDER BY
        CASE m.status WHEN 'complete' THEN 3 WHEN 'partial' THEN 2 ELSE 1 END DESC,
        m.started_at ASC,
        m.attempt_id ASC
    ) = 1
  )
