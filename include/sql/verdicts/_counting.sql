{#- Macros: how one observation of a workload is counted (docs/decisions/0043). One value per observation. -#}
{%- set kinds = {'deployment': 'Deployment', 'statefulset': 'StatefulSet', 'rollout': 'Rollout'} -%}
{%- macro workload_kind(o) -%}
CASE {{ o }}.resource_type{% for type, kind in kinds.items() %} WHEN '{{ type }}' THEN '{{ kind }}'{% endfor %} END
{%- endmacro -%}
{#- What an HPA scales. Only the group of apiVersion counts; one that is empty or served no more still names what it means.
    A kind of our name in another group is another kind. -#}
{%- macro target_kind(o) -%}
IF(
      {{ o }}.hpa_target_kind IN ('{{ kinds.values() | join("', '") }}')
      AND CONCAT({{ o }}.hpa_target_kind, '.', REGEXP_EXTRACT({{ o }}.hpa_target_api_version, r'^(.+)/'))
      NOT IN ('Deployment.apps', 'Deployment.extensions', 'StatefulSet.apps', 'Rollout.argoproj.io'),
      CONCAT({{ o }}.hpa_target_kind, '.', REGEXP_EXTRACT({{ o }}.hpa_target_api_version, r'^(.+)/')),
      {{ o }}.hpa_target_kind
    )
{%- endmacro -%}
{#- A count of zero is left out of a status, so an absent one is zero where the status speaks of the newest spec, and not
    known otherwise. One that is there counts, however old the spec it speaks of. -#}
{%- macro counted_replicas(o) -%}
COALESCE({{ o }}.status_replicas, IF({{ o }}.observed_generation = {{ o }}.generation, 0, NULL))
{%- endmacro -%}
{#- All that is said to run of a workload, whatever is forgiven. -#}
{%- macro strict_replicas(w) -%}
GREATEST(COALESCE({{ w }}.status_replicas, 0), COALESCE({{ w }}.asked_replicas, 0))
{%- endmacro -%}
{#- An HPA's count is left out when it is zero, or was never written; and it is never written again once the HPA cannot read
    its target. There are no generations on HPAs: conditions alone tell. -#}
{%- macro asked_replicas(o) -%}
CASE
      WHEN {{ o }}.hpa_able_to_scale = 'False' AND {{ o }}.hpa_able_to_scale_reason = 'FailedGetScale' THEN NULL
      WHEN {{ o }}.hpa_current_replicas IS NULL AND {{ o }}.hpa_able_to_scale = 'True' THEN 0
      ELSE {{ o }}.hpa_current_replicas
    END
{%- endmacro -%}
