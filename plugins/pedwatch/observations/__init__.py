"""Observations: what the collectors wrote, and when it may be loaded. Pure; ``intake/`` asks, loads and records."""
