-- Why did, or didn't, an API's owners get a message in a cycle: every subject of it.
-- Parameters: @api_id STRING; @environment STRING: NULL for all; @cycle TIMESTAMP.
SELECT e.*
FROM `{{ dataset }}.explain` AS e
WHERE e.cycle = @cycle AND e.api_id = @api_id AND (@environment IS NULL OR e.environment = @environment)
ORDER BY e.environment, e.subject
