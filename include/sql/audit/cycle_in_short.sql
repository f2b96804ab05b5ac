-- What a live cycle was, in one row, for the name of its last task: problems that go on in it, those that began to.
-- Parameters: @cycle TIMESTAMP.
SELECT
  COUNTIF(state IN ('firing', 'recovering')) AS firing,
  COUNTIF(state IN ('firing', 'recovering') AND fired_cycle = @cycle) AS fired
FROM `{{ dataset }}.episodes`
WHERE last_cycle = @cycle AND kind = 'over_limit'
