{#- Macro: whether a row of the outbox, n, is about runs: that one failed, or what was told of its DAG in Slack; copies by
    mail or webhook follow that. One value per row of the outbox. -#}
{%- macro is_about_runs(n) -%}
{{ n }}.created_at >= @since
    AND {{ n }}.reason IN ('run_failed', 'dag_failed', 'dag_recovered')
    AND {{ n }}.channel NOT LIKE '%:%'
{%- endmacro -%}
