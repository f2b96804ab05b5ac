{#- Macro: move the cursor of the fold from @expected_cursor to @cycle; it never goes back. What was folded from where it
    no longer is must not stand: rows that were not written say what they say as of the cursor.
    One row per cursor; there is one, live. -#}
{%- macro move_cursor() -%}
MERGE `{{ dataset }}.fold_cursor` AS known
USING (SELECT 'live' AS name) AS folded
  ON known.name = folded.name
WHEN MATCHED AND known.cycle < @cycle THEN
  UPDATE SET
    cycle = IF(
      known.cycle = @expected_cursor, @cycle, ERROR('fold cursor moved: another run has folded this cycle')
    ),
    cycle_minutes = {{ cycle_minutes }},
    updated_at = @computed_at
WHEN NOT MATCHED THEN
  INSERT (name, cycle, cycle_minutes, updated_at)
  VALUES (folded.name, @cycle, {{ cycle_minutes }}, @computed_at)
{%- endmacro -%}
