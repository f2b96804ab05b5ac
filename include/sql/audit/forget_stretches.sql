-- Takes out the days that no chart shows any more. One statement a day, of housekeeping alone.
-- Parameters: @oldest DATE: the first day that is kept.
DELETE FROM `{{ dataset }}.subject_stretches`
WHERE api_bucket >= 0 AND day < @oldest
