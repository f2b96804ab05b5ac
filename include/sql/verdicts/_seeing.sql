{#- CTEs: the rules for what was seen, from `measured_workloads` and `judged_cycles` to `seen_subjects`.
    One row per cycle and subject. -#}
{% include 'verdicts/_considered_limits.sql' %},
{% include 'verdicts/_policies.sql' %},
{% include 'verdicts/_candidate_matches.sql' %},
{% include 'verdicts/_chosen_matches.sql' %},
{% include 'verdicts/_matched_workloads.sql' %},
{% include 'verdicts/_exemptions_in_force.sql' %},
{% include 'verdicts/_cluster_states.sql' %},
{% include 'verdicts/_summed_subjects.sql' %},
{% include 'verdicts/_weighed_subjects.sql' %},
{% include 'verdicts/_seen_subjects.sql' %}
