"""What Firestore's client hands out, in words that are the same in every process: for hashes and for people.

A document that somebody else wrote may hold any type. Most have no text of their own but an address in memory.
"""

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

_OWN_TEXT = (str, int, float, type(None))


def plain(value: Any) -> Any:
    """Return a value as JSON could hold it; what is no value of JSON becomes a text that names its type."""
    if isinstance(value, _OWN_TEXT):
        return value
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"bytes {base64.b64encode(value).decode()}"
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):  # a list, or a vector
        return [plain(inner) for inner in value]
    if isinstance(path := getattr(value, "path", None), str):
        return f"reference {path}"
    if hasattr(value, "latitude") and hasattr(value, "longitude"):
        return f"point {value.latitude} {value.longitude}"
    return f"a {type(value).__name__}"


def shown(value: Any) -> str:
    """Return a value in at most 60 characters, for a message."""
    text = repr(plain(value))
    return text if len(text) <= 60 else f"{text[:57]}…"
