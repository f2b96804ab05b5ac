-- The newest word about documents of limits that are, or were, not valid. Asked only when their standing has changed.
-- One row per document that something was told of.
-- Parameters: @document_ids ARRAY<STRING>.
{% from 'alerts/_newest_words.sql' import newest_words with context -%}
{% call newest_words('document_id', "'limit_rejected', 'limit_accepted'") %}
  AND JSON_VALUE(n.told_state, '$.document_id') IN UNNEST(@document_ids)
{%- endcall %}
