"""BigQuery REST v2 on DuckDB and sqlglot, for the unmodified google-cloud-bigquery client (docs/sandbox.md)."""
