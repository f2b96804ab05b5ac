{#- Macros that more than one part of the comparison needs. -#}
{%- macro is_unlabelled(w) -%}
({{ w }}.api_id IS NULL OR {{ w }}.team_id IS NULL)
{%- endmacro -%}
{#- Whether something may still be said of a subject that is not seen any more. -#}
{%- macro has_not_ended(v) -%}
{{ v }}.reason NOT IN ('workload_gone', 'scope_changed', 'not_judged_any_more')
{%- endmacro -%}
{#- The policy of every API in a table with policy_version, team_id and api_id: the most specific row wins, that of the
    API, else of its team, else the defaults. -#}
{%- macro api_policies(source) -%}
SELECT
    a.team_id AS for_team_id,
    a.api_id AS for_api_id,
    p.*
  FROM (SELECT DISTINCT policy_version, team_id, api_id FROM {{ source }}) AS a
  INNER JOIN policies AS p
    ON
      a.policy_version = p.policy_version
      AND (p.team_id IS NULL OR p.team_id = a.team_id)
      AND (p.api_id IS NULL OR p.api_id = a.api_id)
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY a.policy_version, a.team_id, a.api_id
    ORDER BY IF(p.api_id IS NULL, 0, 1) DESC, IF(p.team_id IS NULL, 0, 1) DESC
  ) = 1
{%- endmacro -%}
