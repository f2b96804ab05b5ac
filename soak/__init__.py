"""Plays days of trouble through the DAGs' own code and judges what came of it: ``python -m soak --help``."""
