"""Audit: evidence packs an auditor can check. Pure; ``bucket/`` writes them."""
