"""A page with an object on it that is not what it should be: the others are read, and that one is named."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from replica_collector.errors import UNDECODABLE, BadPayload
from replica_collector.kinds import Kind
from replica_collector.kubernetes_pages import RAW_LIST_DECODER, RAW_OBJECT_DECODER, ListMeta

NAMED = 3
_ALONE = b'{"kind":"","metadata":{},"items":[%b]}'
_PLACE = "$.items[0]"


class Unreadable(Exception):
    """One object, by namespace and name where it has them, and what is wrong with it."""


Faults = list[Unreadable]


def page(kind: Kind, body: bytes | bytearray | memoryview) -> tuple[str, ListMeta, list[Any], Faults]:
    """Return the page's kind, where it stands, the objects that decode, and those that do not.

    Raises:
        msgspec.DecodeError: it is no page at all.

    """
    raw = RAW_LIST_DECODER.decode(body)
    good: list[Any] = []
    bad: Faults = []
    for item in raw.items or ():
        try:
            good += kind.decoder.decode(_ALONE % bytes(item)).items
        except UNDECODABLE as error:
            bad.append(Unreadable(f"{_named(item)}: {str(error).replace(_PLACE, '$')}"))
    return raw.kind, raw.metadata, good, bad


def each(items: Iterable[Any], observe: Callable[[Any], Any]) -> tuple[list[Any], Faults]:
    """Return the rows of the objects that have one, and those of which none can be made."""
    rows: list[Any] = []
    bad: Faults = []
    for item in items:
        try:
            rows.append(observe(item))
        except (ValueError, OverflowError) as error:
            bad.append(Unreadable(f"{item.metadata.namespace}/{item.metadata.name}: {error}"))
    return rows, bad


def told(unreadable: Iterable[Unreadable]) -> BadPayload:
    """Put them into the error of a listing, the first by name."""
    names = [str(one) for one in unreadable]
    more = f"; and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return BadPayload(f"not readable, the others are: {'; '.join(names[:NAMED])}{more}")


def _named(item: msgspec.Raw) -> str:
    try:
        metadata = RAW_OBJECT_DECODER.decode(item).metadata
    except UNDECODABLE:
        return "an object without a name"
    return "/".join(str(part)[:253] for part in (metadata.namespace, metadata.name) if part) or "an object"
