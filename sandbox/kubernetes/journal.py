"""What happened in a cluster, in order: the memory behind ``watch``."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from sandbox.kubernetes.kinds import Kind
from sandbox.kubernetes.status import JSON, ApiFailure

Object = dict[str, Any]
KEEP_ENTRIES = 4000


class Bell:
    """Wakes everyone who waits. Check first, then wait without an await between: then no ring is missed."""

    def __init__(self) -> None:
        """Begin silent."""
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait now."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self, timeout: float | None = None) -> bool:
        """Wait for the next ring; False when the time ran out first."""
        try:
            await asyncio.wait_for(self._rung.wait(), timeout)
        except TimeoutError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one object, and the object as it was right after it."""

    version: int
    kind: Kind
    change: str
    encoded: bytes


class Journal:
    """The latest changes of a cluster's pods and events."""

    def __init__(self) -> None:
        """Begin empty."""
        self._entries: deque[Entry] = deque(maxlen=KEEP_ENTRIES)
        self._forgotten = 0
        self.bell = Bell()

    def record(self, kind: Kind, change: str, obj: Object, version: int) -> None:
        """Remember a change."""
        if len(self._entries) == KEEP_ENTRIES:
            self._forgotten = self._entries[0].version
        encoded = msgspec.json.encode({"kind": kind.kind, "apiVersion": kind.api_version, **obj})
        self._entries.append(Entry(version, kind, change, encoded))
        self.bell.ring()

    def since(self, version: int, kind: Kind) -> list[Entry]:
        """Return what happened to a kind after a version; 410 when that is too long ago."""
        if version < self._forgotten:
            raise ApiFailure(410, "Expired", f"too old resource version: {version} ({self._forgotten})")
        return [entry for entry in self._entries if entry.version > version and entry.kind is kind]


async def watch(
    request: web.Request, journal: Journal, kind: Kind, present: Iterable[Object], matches: Callable[[Object], bool]
) -> web.StreamResponse:
    """Stream changes as JSON lines until the client's time is up; without a version, what is there comes first."""
    text = request.query.get("resourceVersion", "") or "0"
    version = int(text) if text.isdigit() else 0
    end = asyncio.get_running_loop().time() + float(request.query.get("timeoutSeconds") or 1800)
    response = web.StreamResponse(headers={"Content-Type": JSON})
    await response.prepare(request)

    async def send(change: str, encoded: bytes) -> None:
        await response.write(msgspec.json.encode({"type": change, "object": msgspec.Raw(encoded)}) + b"\n")

    if not version:
        for obj in list(present):
            version = max(version, int(obj["metadata"]["resourceVersion"]))
            await send("ADDED", msgspec.json.encode({"kind": kind.kind, "apiVersion": kind.api_version, **obj}))
    while (left := end - asyncio.get_running_loop().time()) > 0:
        try:
            entries = journal.since(version, kind)
        except ApiFailure as failure:
            await send("ERROR", msgspec.json.encode(failure.status()))
            break
        for entry in entries:
            version = entry.version
            if matches(msgspec.json.decode(entry.encoded)):
                await send(entry.change, entry.encoded)
        if not entries:
            await journal.bell.wait(left)
    await response.write_eof()
    return response
