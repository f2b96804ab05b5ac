{#- CTE: the last judged cycle before the period, as the ledger has it: what it knew must not vanish without a word.
    Subjects that have ended for good are left out. -#}
{%- from 'verdicts/_period.sql' import has_not_ended -%}
prior_subjects AS (
  SELECT v.*
  FROM `{{ dataset }}.verdicts` AS v
  WHERE
    v.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL 1 DAY)
    AND v.cycle < {{ period_start }}
    AND v.cycle = (
      SELECT MAX(b.cycle)
      FROM `{{ dataset }}.verdicts` AS b
      WHERE b.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL 1 DAY) AND b.cycle < {{ period_start }}
    )
  QUALIFY
    ROW_NUMBER() OVER (PARTITION BY v.fingerprint ORDER BY v.revision DESC) = 1
    AND {{ has_not_ended('v') }}
)
