"""Which moment a read sees: now, or one it names."""

from typing import Any

from sandbox.firestore.errors import invalid, not_implemented
from sandbox.firestore.protos import to_microseconds
from sandbox.firestore.store import Store


def moment_of(store: Store, request: Any) -> int:
    """Resolve the consistency selector of a read request."""
    selector = request.WhichOneof("consistency_selector")
    if selector is None:
        return store.clock.read()
    if selector != "read_time":
        raise not_implemented(f"transactions ({selector})")
    if request.read_time.nanos % 1000:
        raise invalid("timestamp cannot have more than microseconds precision")
    return store.clock.read_at(to_microseconds(request.read_time))
