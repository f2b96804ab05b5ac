-- Say that a cycle was folded in which nothing changed and nothing has to be told; the cursor never goes back. The other
-- cycles commit it with what changed: alerts/commit_fold.sql.
-- Parameters: @cycle, @computed_at TIMESTAMP.
{% from 'alerts/_cursor.sql' import move_cursor with context -%}
{{ move_cursor() }}
