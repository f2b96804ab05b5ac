{#- CTEs: by what the last judged cycle counted workloads where something was over: a line for each workload, its place, the
    limit and whose that is, and whose the workload itself said it was. Another kind of its name is listed without: what
    the ledger remembers of a name is looked up by the name (_lost_labels.sql). Ends in `former_limits`.
    One row per workload that was counted, or of whose name another kind was. -#}
{%- from 'verdicts/_counting.sql' import kinds -%}
{%- set columns = {'limit_id': 1, 'team_id': 2, 'api_id': 3, 'owner': 4} -%}
former_members AS (
  SELECT
    SPLIT(SPLIT(line, ' ')[OFFSET(0)], '/') AS place,
    SPLIT(line, ' ') AS words
  FROM {{ prior_ledger | default("`" ~ dataset ~ ".verdicts`") }} AS v
  CROSS JOIN UNNEST(SPLIT(v.members, '\n')) AS line
  WHERE v.cycle = v_prior_cycle
),

former_limits AS (
  SELECT
    m.place[OFFSET(0)] AS cluster,
    m.place[OFFSET(1)] AS namespace,
    kind AS workload_kind,
    m.place[OFFSET(3)] AS workload_name,
    {% for column, number in columns.items() -%}
      MIN(IF(m.place[OFFSET(2)] = kind, m.words[OFFSET({{ number }})], NULL)) AS {{ column }}{{ "," if not loop.last }}
    {% endfor %}
  FROM former_members AS m
  CROSS JOIN UNNEST([m.place[OFFSET(2)], '{{ kinds.values() | join("', '") }}']) AS kind
  GROUP BY cluster, namespace, workload_kind, workload_name
)
