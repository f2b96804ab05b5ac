-- How far a cycle came whose run failed: what was collected, judged and folded of it, and what waits to be told.
-- Asked when a run of the watch that failed is to be told, so it is rare. Parameters: @cycle TIMESTAMP.
-- One row.
SELECT
  (
    SELECT COUNT(*)
    FROM `{{ dataset }}.collection_runs` AS r
    WHERE r.cycle = @cycle AND r.status IN ('complete', 'partial')
  ) AS clusters_seen,
  (
    SELECT COUNT(*) > 0
    FROM `{{ dataset }}.verdicts` AS v
    WHERE v.cycle = @cycle
  ) AS is_judged,
  COALESCE(
    (SELECT MAX(c.cycle) FROM `{{ dataset }}.fold_cursor` AS c WHERE c.name = 'live') >= @cycle, FALSE
  ) AS is_folded,
  (
    SELECT COUNT(*)
    FROM `{{ dataset }}.notifications` AS n
    WHERE n.status IN ('unsent', 'sending', 'ambiguous') AND n.reason <> 'dag_failed'
  ) AS waiting_messages
