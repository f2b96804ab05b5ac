-- Makes an environment the owner of the dataset. Again it changes nothing. Writes one
-- row per step of the schema that names another; returns none.
-- Parameters: @environment STRING.
UPDATE `{{ dataset }}.schema_version` AS t
SET environment = @environment
WHERE t.environment IS DISTINCT FROM @environment
