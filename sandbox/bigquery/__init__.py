"""BigQuery REST v2 on DuckDB, for the unmodified google-cloud-bigquery client (docs/sandbox.md)."""
