-- Takes out the days that no chart shows any more: one statement a day, of housekeeping alone.
-- Deletes one row per subject, day and audit; returns none.
-- Parameters: @oldest DATE: the first day that is kept.
DELETE FROM `{{ dataset }}.subject_stretches`
WHERE api_bucket >= 0 AND day < @oldest
