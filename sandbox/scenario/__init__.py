"""A scenario: a YAML timeline of a small world (clusters, limits, Slack) with what is expected of each cycle."""
