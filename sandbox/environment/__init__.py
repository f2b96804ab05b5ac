"""Starts the stand-ins and Airflow together, tells clients where they are, and leaves no process behind."""
