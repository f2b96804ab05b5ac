{#- CTE: the last judged cycle before the period, v_prior_cycle, as the ledger has it: what it knew must not vanish
    without a word. Subjects that have ended for good are left out. One row per subject. -#}
{%- from 'verdicts/_period.sql' import has_not_ended -%}
prior_subjects AS (
  SELECT v.*
  FROM `{{ dataset }}.verdicts` AS v
  WHERE v.cycle = v_prior_cycle
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY v.subject ORDER BY v.revision DESC) = 1
    AND {{ has_not_ended('v') }}
)
