"""The id of a limit: the parts of its identity, joined by dots; the dots within a part are written twice.

A part begins and ends with a letter or a digit, so a single dot parts two of them and an even run of dots is of one:
``prod.Team_Pay.orders..v2`` is the limit of ``orders.v2``. No two limits share an id, and an id tells its limit.
"""

import re
from collections.abc import Iterable

_BETWEEN_PARTS = re.compile(r"(?<!\.)\.(?!\.)")


def joined(parts: Iterable[str]) -> str:
    """Return the id of these parts, each as Kubernetes allows a label's value."""
    return ".".join(part.replace(".", "..") for part in parts)


def parts_of(limit_id: str) -> tuple[str, ...]:
    """Return the parts that an id was joined of."""
    return tuple(part.replace("..", ".") for part in _BETWEEN_PARTS.split(limit_id))
