"""Alerts: verdicts over time become episodes, differences to what was told become messages."""
