-- How fresh the limits are: the newest read_time that a sync has committed; NULL when there never was one.
SELECT MAX(runs.read_time) AS known_at
FROM `{{ dataset }}.limit_sync_runs` AS runs
