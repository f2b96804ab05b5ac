"""Delivers the outbox: a lease, one sender, in order, and what came of each row."""
