"""The limits in Firestore and in BigQuery: input and output of a sync and of publishing."""
