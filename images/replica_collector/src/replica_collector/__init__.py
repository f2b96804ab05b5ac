"""The replica collector."""
