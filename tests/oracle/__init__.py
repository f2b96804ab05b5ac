"""Slow, obvious models of what the SQL decides, and random worlds to compare the two in."""
