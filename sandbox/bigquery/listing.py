"""What lists and resources of every kind share: pages (maxResults, pageToken) and labels."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from sandbox.bigquery.errors import invalid

T = TypeVar("T")

DEFAULT_PAGE = 1000

_MOST_LABELS = 64
_MOST_LABEL_CHARACTERS = 63
_LABEL = re.compile(r"[\w-]*\Z")
_LABEL_RULE = (
    " Only lower-case letters, digits, underscores and dashes are allowed, at most 63 of them, and a key begins with a "
    "letter."
)


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


def check_labels(labels: Mapping[str, str | None] | None) -> None:
    """Refuse labels that BigQuery refuses: at most 64 texts of lower-case letters, digits, ``_`` and ``-``.

    None stands for a label to remove.
    """
    if labels and len(labels) > _MOST_LABELS:
        raise invalid(f"Invalid value for labels: there are {len(labels)}, and {_MOST_LABELS} are allowed")
    for key, value in (labels or {}).items():
        if not key[:1].isalpha() or not _is_label(key):
            raise invalid(f'Label key "{key}" has invalid characters.' + _LABEL_RULE)
        if value is not None and not _is_label(value):
            raise invalid(f'Label value "{value}" has invalid characters.' + _LABEL_RULE)


def _is_label(text: str) -> bool:
    return len(text) <= _MOST_LABEL_CHARACTERS and _LABEL.match(text) is not None and text == text.lower()
