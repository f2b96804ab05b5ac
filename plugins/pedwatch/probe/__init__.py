"""Asks the real services once what no stand-in can answer for them: ``python -m pedwatch probe``."""
