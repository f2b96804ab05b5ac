"""Clients: BigQuery and Cloud Storage as this project uses them. They know no noun; what a noun asks is in its folder."""
