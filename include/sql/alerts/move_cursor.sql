-- Say that a cycle was folded in which nothing changed that has to be written or told; the cursor never goes back. The
-- other cycles commit it with what changed: alerts/commit_fold.sql.
-- Writes one row per cursor, of which there is one; returns none.
-- Parameters: @cycle, @computed_at, @expected_cursor TIMESTAMP.
{% from 'alerts/_cursor.sql' import move_cursor with context -%}
{{ move_cursor() }}
