-- When clusters were first looked at: before that there is nothing to audit. One row; NULL where it never happened.
-- Parameters: @since TIMESTAMP: how far back observations are kept.
SELECT MIN(runs.cycle) AS first_cycle
FROM `{{ dataset }}.collection_runs` AS runs
WHERE runs.cycle >= @since
