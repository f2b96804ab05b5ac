-- Makes an environment the owner of the dataset. Again it changes nothing. Writes the rows that name another; returns none.
-- Parameters: @environment STRING.
UPDATE `{{ dataset }}.schema_version` AS t
SET environment = @environment
WHERE t.environment IS DISTINCT FROM @environment
