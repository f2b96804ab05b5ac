{#- Statements: look for the last judged cycle before the period, first where it hardly ever is not (looked_at_first), then
    behind a pause, however long: what was known before it must not vanish in it without a word. It is looked
    for before it is read, so that its partition alone is: what a statement works out by itself prunes nothing; and in
    parts, since two months of one column are what a statement may bill. Other declarations go before.
    One value per period. -#}
{%- macro last_judged_cycle(first, end) -%}
(
  SELECT MAX(v.cycle)
  FROM `{{ dataset }}.verdicts` AS v
  WHERE
    v.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL {{ first }})
    AND v.cycle < TIMESTAMP_SUB({{ period_start }}, INTERVAL {{ end }})
)
{%- endmacro -%}
-- What it counted where something was over, in the same breath: that is read once, and is empty nearly everywhere.
DECLARE v_prior STRUCT<cycle TIMESTAMP, members STRING> DEFAULT (
  SELECT AS STRUCT
    v.cycle,
    STRING_AGG(v.members, '\n') AS members
  FROM `{{ dataset }}.verdicts` AS v
  WHERE v.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL {{ looked_at_first }}) AND v.cycle < {{ period_start }}
  GROUP BY v.cycle
  ORDER BY v.cycle DESC
  LIMIT 1
);
-- Whose past is known without looking: no labels now, and none before.
DECLARE v_known_unlabelled ARRAY<STRING> DEFAULT [];
DECLARE v_prior_cycle TIMESTAMP DEFAULT v_prior.cycle;
DECLARE v_prior_members STRING DEFAULT v_prior.members;
{% for first, end in [(1, 0), (8, 1), (64, 8), (128, 64), (192, 128), (256, 192), (320, 256), (400, 320)] %}
IF v_prior_cycle IS NULL THEN
  SET v_prior_cycle = {{ last_judged_cycle(first ~ ' DAY', end ~ ' DAY') }};
END IF;
{% endfor %}
IF v_prior.cycle IS NULL AND v_prior_cycle IS NOT NULL THEN
  SET v_prior_members = (
    SELECT STRING_AGG(v.members, '\n') FROM `{{ dataset }}.verdicts` AS v WHERE v.cycle = v_prior_cycle
  );
END IF;
