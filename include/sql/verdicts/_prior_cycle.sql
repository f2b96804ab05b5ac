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
-- What is asked of it, in the same breath: that is read once, and is empty nearly everywhere. A variable may hold a
-- megabyte: what is over can be more than that and is read by who needs it, and of more without labels none is known.
DECLARE v_prior STRUCT<cycle TIMESTAMP, has_members BOOL, unlabelled STRING, computed_at TIMESTAMP> DEFAULT (
  SELECT AS STRUCT
    v.cycle,
    LOGICAL_OR(v.members IS NOT NULL) AS has_members,
    IF(MAX(v.revision) = 1 AND SUM(BYTE_LENGTH(v.unlabelled) + 1) < 900000, STRING_AGG(v.unlabelled, '\n'), NULL) AS unlabelled,
    MIN(v.computed_at) AS computed_at
  FROM `{{ dataset }}.verdicts` AS v
  WHERE v.cycle >= TIMESTAMP_SUB({{ period_start }}, INTERVAL {{ looked_at_first }}) AND v.cycle < {{ period_start }}
  GROUP BY v.cycle
  ORDER BY v.cycle DESC
  LIMIT 1
);
DECLARE v_prior_cycle TIMESTAMP DEFAULT v_prior.cycle;
DECLARE v_has_members BOOL;
{% for first, end in [(1, 0), (8, 1), (64, 8), (128, 64), (192, 128), (256, 192), (320, 256), (400, 320)] %}
IF v_prior_cycle IS NULL THEN
  SET v_prior_cycle = {{ last_judged_cycle(first ~ ' DAY', end ~ ' DAY') }};
END IF;
{% endfor %}
-- Behind a pause it is looked, not asked.
SET v_has_members = COALESCE(v_prior.has_members, v_prior_cycle IS NOT NULL);
