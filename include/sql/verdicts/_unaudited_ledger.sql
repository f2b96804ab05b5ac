{#- CTEs: the live ledger of the days that no audit has come to yet, two at most: what `subject_days` will say of them
    tomorrow. Ends in `unaudited_ledger`; wants a filter on the cycle of nobody. -#}
audited_until AS (
  SELECT MAX(d.to_cycle) AS cycle
  FROM `{{ dataset }}.subject_days` AS d
  WHERE d.day >= DATE_SUB(CURRENT_DATE(), INTERVAL 3 DAY)
),

unaudited_ledger AS (
  SELECT v.*
  FROM `{{ dataset }}.verdicts` AS v
  WHERE
    v.origin = 'live'
    AND v.cycle >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 DAY)
    AND v.cycle >= COALESCE((SELECT u.cycle FROM audited_until AS u), TIMESTAMP '1970-01-01 00:00:00+00')
  QUALIFY ROW_NUMBER() OVER (PARTITION BY v.cycle, v.fingerprint ORDER BY v.revision) = 1
)
