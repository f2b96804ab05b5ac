{#- What is said of a subject in a cycle: the columns of `judged_subjects`, in this order, and of the ledger.
    One value per row of a subject. -#}
{%- set subject_columns = [
  'cycle', 'subject', 'scope', 'environment', 'cluster', 'namespace', 'workload_kind', 'workload_name',
  'workload_count', 'api_id', 'team_id', 'verdict', 'measured', 'running', 'is_lower_bound', 'offender',
  'is_over_strict', 'limit_id', 'limit_version', 'max_replicas', 'ceiling', 'exemption_id', 'is_contested', 'surge_allowance',
  'is_past_deadline',
  'spec_replicas', 'status_replicas', 'hpa_current_replicas', 'hpa_max_replicas', 'policy_version',
  'limits_known_at', 'reason', 'members', 'unlabelled'
] -%}
{#- What is known of a subject of which nothing was seen: no counts, and nobody who offends. -#}
{%- set nothing_seen = {
  'workload_count': '0', 'offender': 'CAST(NULL AS STRING)', 'is_over_strict': 'FALSE',
  'exemption_id': 'CAST(NULL AS STRING)', 'is_contested': 'FALSE', 'surge_allowance': '0',
  'running': 'CAST(NULL AS INT64)', 'is_past_deadline': 'FALSE', 'unlabelled': 'CAST(NULL AS STRING)',
  'spec_replicas': 'CAST(NULL AS INT64)', 'status_replicas': 'CAST(NULL AS INT64)',
  'hpa_current_replicas': 'CAST(NULL AS INT64)', 'hpa_max_replicas': 'CAST(NULL AS INT64)'
} -%}
{#- The columns from one table, but for those of which something else is said. -#}
{%- macro subject_from(table, said) -%}
{%- for column in subject_columns %}
    {% if column in said %}{{ said[column] }} AS {{ column }}{% else %}{{ table }}.{{ column }}{% endif %}{{ "," if not loop.last }}
{%- endfor -%}
{%- endmacro -%}
{#- The columns as the ledger has them, but for some. -#}
{%- macro ledger_columns(but) -%}
{%- for column in subject_columns if column not in but %}
    {{ column }}{{ "," if not loop.last }}
{%- endfor -%}
{%- endmacro -%}
