"""Clients: BigQuery and Cloud Storage as this project uses them. They know no noun; those ask by them."""
