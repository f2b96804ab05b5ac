-- How fresh the limits are that a cycle can be judged by. One row.
-- Parameters: @cycle TIMESTAMP.
SELECT
  {% include 'limits/_newest_sync.sql' %} AS known_at
