{#- What a verdict of the live ledger adds to its day, as `subject_days` will say it.
    One row per day and subject; of what no audit has come to one row per verdict. -#}
{%- set of_a_verdict = {
  'day': 'DATE(v.cycle)',
  'judged_cycles': '1',
  'over_cycles': "IF(v.verdict = 'over_limit', 1, 0)",
  'strict_cycles': 'IF(v.is_over_strict, 1, 0)',
  'unknown_cycles': "IF(v.verdict = 'unknown', 1, 0)",
  'over_minutes': "IF(v.verdict = 'over_limit', v.cycle_minutes, 0)",
  'strict_minutes': 'IF(v.is_over_strict, v.cycle_minutes, 0)',
  'unknown_minutes': "IF(v.verdict = 'unknown', v.cycle_minutes, 0)",
  'replica_minutes_over':
    "IF(v.verdict = 'over_limit', v.cycle_minutes * GREATEST(v.measured - v.max_replicas, 0), 0)",
  'peak_measured': 'v.measured',
  'peak_cycle': 'v.cycle',
  'last_cycle': 'v.cycle',
  'last_measured': 'v.measured'
} -%}
{#- Macro: CTEs that end in the one named: days as they were audited, and what no audit has come to yet, two at most, as
    it was judged live, each verdict a row. The filters on the partitions are in here. -#}
{%- macro subject_days(name, most_days, columns) -%}
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
),

{{ name }} AS (
  SELECT
    {%- for column in columns %}
    d.{{ column }}{{ "," if not loop.last }}
    {%- endfor %}
  FROM `{{ dataset }}.subject_days` AS d
  WHERE d.day >= DATE_SUB(CURRENT_DATE(), INTERVAL {{ most_days }} DAY)
  UNION ALL
  SELECT
    {%- for column in columns %}
    {% if column in of_a_verdict %}{{ of_a_verdict[column] }} AS {{ column }}{% else %}v.{{ column }}{% endif %}{{ "," if not loop.last }}
    {%- endfor %}
  FROM unaudited_ledger AS v
)
{%- endmacro -%}
