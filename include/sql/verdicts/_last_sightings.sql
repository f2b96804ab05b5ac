{#- CTEs: where subjects that were known were not seen in every cycle: when each was seen last, and next. Needs
    `seen_subjects`, `prior_subjects` and `judged_cycles`; ends in `last_sightings`.
    One row per subject and cycle in which it was seen. -#}
{%- macro known(table, is_prior) %}
  SELECT
    {{ table }}.subject,
    {{ table }}.cycle,
    {{ is_prior }} AS is_prior,
    {{ table }}.scope,
    {{ table }}.environment,
    {{ table }}.cluster,
    {{ table }}.namespace,
    {{ table }}.workload_kind,
    {{ table }}.workload_name,
    {{ table }}.api_id,
    {{ table }}.team_id,
    {{ table }}.limit_id,
    {{ table }}.members
{%- endmacro -%}
known_subjects AS (
  {{- known('p', 'TRUE') }}
  FROM prior_subjects AS p
  UNION ALL
  {{- known('s', 'FALSE') }}
  FROM seen_subjects AS s
),

interrupted_subjects AS (
  SELECT k.subject
  FROM known_subjects AS k
  GROUP BY k.subject
  HAVING COUNT(*) < (SELECT COUNT(*) FROM judged_cycles) + COUNTIF(k.is_prior)
),

last_sightings AS (
  SELECT
    k.*,
    LEAD(k.cycle) OVER (PARTITION BY k.subject ORDER BY k.cycle) AS next_cycle
  FROM known_subjects AS k
  INNER JOIN interrupted_subjects AS i ON k.subject = i.subject
)
