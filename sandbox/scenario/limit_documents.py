"""PED documents inside a scenario: their ids, and whether the product's own validation takes them."""

from typing import Any


def document_id(document: dict[str, Any]) -> str:
    """Return the limit_id: ``<environment>.<team_id>.<api_id>[.<name>]``."""
    parts = [document.get(field) for field in ("environment", "team_id", "api_id", "name")]
    return ".".join(str(part) for part in parts if part)


def document_problems(document: dict[str, Any]) -> list[str]:
    """Return what `pedwatch.limits` would refuse; a wrong document belongs into ``put_document``."""
    missing = [field for field in ("environment", "team_id", "api_id") if not document.get(field)]
    return [f"a PED document needs {field}" for field in missing]
