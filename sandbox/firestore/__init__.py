"""A Firestore stand-in: the v1 gRPC API for the unmodified google-cloud-firestore client, kept in SQLite."""
