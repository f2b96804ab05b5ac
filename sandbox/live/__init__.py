"""``make up``: the sandbox in real time, with Airflow's UI, its scheduler, and a scenario that plays over and over."""
