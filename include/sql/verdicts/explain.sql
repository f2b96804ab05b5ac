{%- set judged = 'v.cycle = @cycle AND v.api_id = @api_id AND (@environment IS NULL OR v.environment = @environment)' -%}
-- Why did, or didn't, an API's owners get a message in a cycle: every subject of it. One row per subject.
-- Parameters: @api_id STRING; @environment STRING: NULL for all; @cycle TIMESTAMP.
{% include 'verdicts/_explained.sql' %}
ORDER BY environment, subject
