{#- Statements: look for the last judged cycle before the period, a day back at most, and first in the quarter of an hour
    in which it hardly ever is not. It is looked for before it is read, so that its partition alone is: what a statement
    works out by itself prunes nothing. Other declarations go before. -#}
{%- macro last_judged_cycle(within) -%}
(
  SELECT MAX(v.cycle)
  FROM `{{ dataset }}.verdicts` AS v
  WHERE v.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL {{ within }}) AND v.cycle < {{ period_start }}
)
{%- endmacro -%}
DECLARE v_prior_cycle TIMESTAMP DEFAULT {{ last_judged_cycle('15 MINUTE') }};

IF v_prior_cycle IS NULL THEN
  SET v_prior_cycle = {{ last_judged_cycle('1 DAY') }};
END IF;
