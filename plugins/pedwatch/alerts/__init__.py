"""Alerts: verdicts over time become episodes, differences to what was told become messages.

Pure; ``live/`` keeps the live state, ``delivery/`` sends the outbox, ``channels/`` are where it goes.
"""
