"""``make demo``: plays a scenario through the real DAGs against the stand-ins and holds its expectations."""
