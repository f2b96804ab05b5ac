"""Pages of lists: maxResults, pageToken, nextPageToken."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

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
