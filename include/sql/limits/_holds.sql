{#- Macro: the as-of rule of limits (docs/design.md#d3), and its only place: the version held at a moment, as it was
    known at another. A tombstone says that nothing was granted any more.
    One value per version of a limit and moment. -#}
{%- macro holds(l, at, known_at) -%}
{{ l }}.valid_from <= {{ at }}
  AND {{ at }} < {{ l }}.valid_to
  AND {{ l }}.recorded_from <= {{ known_at }}
  AND {{ known_at }} < {{ l }}.recorded_to
  AND NOT {{ l }}.is_deleted
{%- endmacro -%}
