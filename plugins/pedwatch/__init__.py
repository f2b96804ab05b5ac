"""pedwatch."""
