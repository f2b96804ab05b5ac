"""The pages in Airflow's UI: who is over, since when, and what was true. Read-only (docs/page.md)."""
