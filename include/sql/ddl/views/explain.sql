{%- set judged = 'TRUE' -%}
-- Why did, or didn't, somebody get a message: each verdict with its limit, its episode, and what was told of it.
-- Filter on cycle, which is required, and on api_id. One row per cycle and subject.
CREATE OR REPLACE VIEW `{{ dataset }}.explain`
OPTIONS (description = 'Each verdict as it was first judged, with its limit version, episode and notification, or why there was none')
AS
{% include 'verdicts/_explained.sql' %}
