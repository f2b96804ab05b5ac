-- #fail Limits whose versions do not count 1, 2, 3, …: a version was lost or written past the sync. One row per limit.
SELECT
  history.limit_id,
  COUNT(DISTINCT history.version) AS versions,
  MIN(history.version) AS lowest_version,
  MAX(history.version) AS highest_version
FROM
  `{{ dataset }}.limit_history` AS history
GROUP BY
  history.limit_id
HAVING
  lowest_version != 1
  OR highest_version != versions
