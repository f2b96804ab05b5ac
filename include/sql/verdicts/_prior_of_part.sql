{#- CTE: the last cycle that is judged already, of a period that is judged in parts. One row per subject. -#}
{%- from 'verdicts/_period.sql' import has_not_ended -%}
prior_subjects AS (
  SELECT p.*
  FROM judged_period AS p
  WHERE p.cycle = v_prior_cycle AND {{ has_not_ended('p') }}
)
