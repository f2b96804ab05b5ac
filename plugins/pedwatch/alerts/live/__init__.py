"""The live state in BigQuery: cursor, episodes and outbox, read, folded and committed."""
