{#- Statement: declares the last judged cycle before the period. It is looked for first, so that its partition alone is read:
    what a statement works out by itself prunes nothing. -#}
DECLARE v_prior_cycle TIMESTAMP DEFAULT (
  SELECT MAX(v.cycle)
  FROM `{{ dataset }}.verdicts` AS v
  WHERE v.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL 1 DAY) AND v.cycle < {{ period_start }}
);
