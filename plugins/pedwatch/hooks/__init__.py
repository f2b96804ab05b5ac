"""Input and output: BigQuery, Cloud Storage, Firestore, Slack. Hooks do I/O, pure modules decide."""
