-- Judges a period anew as if some limits had always been what is proposed; reads only. The same parts as
-- verdicts/judge_period.sql, with another history of those limits. Only subjects that would have been over at some time
-- are returned, cycle by cycle, in the order a fold reads them. One row per cycle and subject.
-- Parameters:
--   @period_start, @period_end TIMESTAMP: half-open, UTC
--   @known_at TIMESTAMP: what is known of the other limits; the far future for all of it
--   @replaced ARRAY<STRING>: limits whose history is left out: those that are proposed anew or withdrawn
--   @proposed ARRAY<STRUCT<limit_id STRING, environment STRING, team_id STRING, api_id STRING, scope STRING,
--     cluster STRING, namespace STRING, kind STRING, name STRING, labels ARRAY<STRUCT<key STRING, value STRING>>,
--     max_replicas INT64, exemptions ARRAY<STRUCT<exemption_id STRING, reason STRING, ticket STRING, approver STRING,
--     starts_at TIMESTAMP, ends_at TIMESTAMP, max_replicas INT64>>>>: what they would be
{% set considered_history -%}
(
    SELECT
      standing.limit_id,
      standing.version,
      standing.environment,
      standing.api_id,
      standing.team_id,
      standing.scope,
      standing.selectors,
      standing.max_replicas,
      standing.exemptions,
      standing.valid_from,
      standing.valid_to,
      standing.recorded_from,
      standing.recorded_to,
      standing.is_deleted
    FROM `{{ dataset }}.limit_history` AS standing
    WHERE standing.limit_id NOT IN UNNEST(@replaced)
    UNION ALL
    SELECT
      p.limit_id,
      1 AS version,
      p.environment,
      p.api_id,
      p.team_id,
      p.scope,
      STRUCT(
        p.cluster AS cluster, p.namespace AS namespace, p.kind AS kind, p.name AS name, p.labels AS labels
      ) AS selectors,
      p.max_replicas,
      p.exemptions,
      TIMESTAMP '0001-01-01 00:00:00+00' AS valid_from,
      TIMESTAMP '9999-12-31 23:59:59.999999+00' AS valid_to,
      TIMESTAMP '0001-01-01 00:00:00+00' AS recorded_from,
      TIMESTAMP '9999-12-31 23:59:59.999999+00' AS recorded_to,
      FALSE AS is_deleted
    FROM UNNEST(@proposed) AS p
  )
{%- endset -%}
{% include 'verdicts/_judged_period.sql' %}
SELECT
  j.*,
  TO_HEX(SHA256(j.subject)) AS fingerprint
FROM judged_period AS j
WHERE j.cycle >= @period_start AND j.limit_id IN UNNEST(@replaced)
QUALIFY COUNTIF(j.verdict = 'over_limit') OVER (PARTITION BY j.subject) > 0
ORDER BY j.cycle, j.subject
