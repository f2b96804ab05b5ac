{#- CTEs: the rules for what was known and was not seen, from `seen_subjects` and `prior_subjects` to `unseen_verdicts`.
    One row per cycle and subject. -#}
{% include 'verdicts/_last_sightings.sql' %},
{% include 'verdicts/_missing_subjects.sql' %},
{% include 'verdicts/_unseen_subjects.sql' %}
