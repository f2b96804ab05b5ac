"""Observations: what the collectors wrote, and when it may be loaded."""
