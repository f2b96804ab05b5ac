-- The limits in force at a moment, as they were known at another: the as-of rule of DESIGN D3, and its only place.
-- A plain SELECT to be the body of a CTE: WITH limits AS ({% raw %}{% include 'limits/limits_as_of.sql' %}{% endraw %}).
-- Parameters:
--   @cycle TIMESTAMP: the moment the limits must have held
--   @known_at TIMESTAMP: what was recorded after this moment is left out; now (or the far future) for "as known now"
SELECT
  history.*
FROM
  `{{ dataset }}.limit_history` AS history
WHERE
  history.valid_from <= @cycle
  AND @cycle < history.valid_to
  AND history.recorded_from <= @known_at
  AND @known_at < history.recorded_to
  -- A tombstone says that nothing was granted any more.
  AND NOT history.is_deleted
