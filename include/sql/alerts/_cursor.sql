{#- Macro: move the cursor of the fold to @cycle; it never goes back. -#}
{%- macro move_cursor() -%}
MERGE `{{ dataset }}.fold_cursor` AS known
USING (SELECT 'live' AS name) AS folded
  ON known.name = folded.name
WHEN MATCHED AND known.cycle < @cycle THEN
  UPDATE SET cycle = @cycle, updated_at = @computed_at
WHEN NOT MATCHED THEN
  INSERT (name, cycle, updated_at) VALUES (folded.name, @cycle, @computed_at)
{%- endmacro -%}
