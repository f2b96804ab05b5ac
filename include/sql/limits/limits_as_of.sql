{%- from 'limits/_holds.sql' import holds -%}
-- The limits in force at a moment, as they were known at another (docs/design.md#d3). A plain SELECT, for people and as
-- the body of a CTE: WITH limits AS ({% raw %}{% include 'limits/limits_as_of.sql' %}{% endraw %}). One row per limit.
-- Parameters:
--   @cycle TIMESTAMP: the moment the limits must have held
--   @known_at TIMESTAMP: what was recorded after this moment is left out; now (or the far future) for "as known now"
SELECT
  history.*
FROM
  `{{ dataset }}.limit_history` AS history
WHERE
  {{ holds('history', '@cycle', '@known_at') }}
