"""Shorthand for asking queries."""

from typing import Any

from google.cloud.firestore_v1.base_query import FieldFilter


def ids(query: Any) -> list[str]:
    """Return the ids that a query finds, in order."""
    return [snapshot.id for snapshot in query.stream()]


def where(field: str, operator: str, value: Any) -> FieldFilter:
    """Write a filter in one line."""
    return FieldFilter(field, operator, value)


def numbered(*numbers: int) -> list[str]:
    """Return the ids of the limits of these numbers."""
    return [f"api-{number:02}" for number in numbers]
