{#- CTEs: the rules, from `measured_workloads`, `judged_cycles` and `prior_subjects` to `judged_subjects`. -#}
{% include 'verdicts/_considered_limits.sql' %},
{% include 'verdicts/_policies.sql' %},
{% include 'verdicts/_candidate_matches.sql' %},
{% include 'verdicts/_matched_workloads.sql' %},
{% include 'verdicts/_exemptions_in_force.sql' %},
{% include 'verdicts/_cluster_states.sql' %},
{% include 'verdicts/_summed_subjects.sql' %},
{% include 'verdicts/_weighed_subjects.sql' %},
{% include 'verdicts/_seen_subjects.sql' %},
{% include 'verdicts/_last_sightings.sql' %},
{% include 'verdicts/_missing_subjects.sql' %},
{% include 'verdicts/_unseen_subjects.sql' %}
