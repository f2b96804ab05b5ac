"""Audit: evidence packs an auditor can check."""
