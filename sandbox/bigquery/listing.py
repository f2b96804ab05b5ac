"""What lists and resources of every kind share: pages (maxResults, pageToken) and labels."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sandbox.bigquery.errors import invalid

T = TypeVar("T")

DEFAULT_PAGE = 1000


def page_of(
    items: Sequence[T], query: Mapping[str, str], default: int = DEFAULT_PAGE
) -> tuple[Sequence[T], dict[str, str]]:
    """The items a request asks for, and the answer's ``nextPageToken`` if more follow."""
    try:
        start = int(query.get("pageToken") or 0)
        limit = int(query.get("maxResults") or default) or default
    except ValueError:
        raise invalid("Invalid value for maxResults or pageToken") from None
    if start < 0 or limit < 0:
        raise invalid("Invalid value for maxResults or pageToken")
    end = start + limit
    return items[start:end], ({"nextPageToken": str(end)} if end < len(items) else {})


def check_labels(labels: Any) -> None:
    """Refuse labels that are not texts by key; None stands for a label to remove."""
    if labels is None:
        return
    if not isinstance(labels, dict) or not all(value is None or isinstance(value, str) for value in labels.values()):
        raise invalid("Invalid value for labels: an object with texts is expected")
