"""Listing one kind page by page: the protocol of ``limit`` and ``continue``, and what to do when it expires."""

import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from replica_collector import salvage
from replica_collector.body import Body
from replica_collector.errors import CLUSTER_WIDE, UNDECODABLE, ApiError, BadPayload, PageTooLarge, classify
from replica_collector.kinds import Kind
from replica_collector.kubernetes_pages import STATUS_DECODER, ListMeta, Status
from replica_collector.observations import Provenance, encode
from replica_collector.rows import observe
from replica_collector.salvage import Faults, Unreadable
from replica_collector.spool import Mark, Spool
from replica_collector.transport import Client

GONE = 410
SHRINK = 4


@dataclass(frozen=True)
class Listing:
    """What one kind's listing found; the rows themselves are in the spool."""

    count: int
    resource_version: str | None
    is_consistent: bool
    unreadable: tuple[Unreadable, ...] = ()
    empty_namespaces: frozenset[str] = frozenset()


@dataclass
class Lister:
    """Lists kinds of one cluster into a spool."""

    client: Client
    spool: Spool
    origin: Provenance
    page_size: int
    namespaces: Sequence[str] = ()
    on_page: Callable[[str, int, int], None] | None = None
    _pages: int = 0

    def list(self, kind: Kind) -> Listing:
        """List a kind whole, or leave no row of it behind and raise."""
        start = self.spool.mark()
        try:
            first, *others = (kind.path(namespace) for namespace in self.namespaces or (None,))
            parts = [self._collection(kind, first, start)]
            parts += [self._collection(kind, path, self.spool.mark()) for path in others]
        except BaseException:
            self.spool.rollback(start)
            raise
        return Listing(
            sum(part.count for part in parts),
            parts[0].resource_version,
            all(part.is_consistent for part in parts),
            tuple(one for part in parts for one in part.unreadable),
            frozenset(
                namespace
                for namespace, part in zip(self.namespaces, parts, strict=False)
                if not part.count and not part.unreadable
            ),
        )

    def knock(self, kind: Kind, first_seconds: float) -> None:
        """Ask for a single object; returns when the server has answered anything that a listing may make better."""
        namespace = self.namespaces[0] if self.namespaces else None
        response = self.client.knock(f"{kind.path(namespace)}?limit=1", first_seconds)
        if response.status != 200 and classify(error := api_error(response.status, response.body)) in CLUSTER_WIDE:
            raise error

    def _collection(self, kind: Kind, path: str, start: Mark) -> Listing:
        """One collection, started over when a page is too large and, once, when its continuation expires."""
        may_restart = True
        while True:
            try:
                return self._pass(kind, path, may_restart)
            except PageTooLarge:
                if self.page_size == 1:
                    raise
                self.page_size = max(1, self.page_size // SHRINK)
            except ApiError as error:
                if error.status != GONE or not may_restart:
                    raise
                may_restart = False
            self.spool.rollback(start)
            self.client.retries += 1

    def _pass(self, kind: Kind, path: str, may_restart: bool) -> Listing:
        """From the first page to the last.

        The pages of one pass show the moment of the first. When that moment expires and a fresh start has been tried,
        the server's own token goes on at the same key with the state of now: every object that stayed is still seen
        once, but no longer at one moment, so the listing is marked inconsistent.
        """
        count, version, token, is_consistent = 0, None, "", True
        seen: set[str] = set()
        unreadable: Faults = []
        observed_at: datetime | None = None
        while True:
            try:
                told, items = self._page(kind, path, token, unreadable)
            except ApiError as error:
                if error.status != GONE or may_restart or not error.continue_token:
                    raise
                token, is_consistent, observed_at = _unseen(error.continue_token, seen), False, None
                continue
            observed_at = observed_at or datetime.now(UTC)
            count += self._keep(items, observed_at, unreadable)
            del items  # the next page may be long in coming
            version = version or told.resource_version or None
            self._progress(kind, count)
            if not told.continue_token:
                return Listing(count, version, is_consistent, tuple(unreadable))
            token = _unseen(told.continue_token, seen)

    def _keep(self, items: Sequence[Any], observed_at: datetime, unreadable: Faults) -> int:
        try:
            rows = observe(self.origin, items, observed_at)
        except (ValueError, OverflowError):
            rows, bad = salvage.each(items, lambda item: observe(self.origin, (item,), observed_at)[0])
            unreadable += bad
        self.spool.write(encode(rows), len(rows))
        return len(rows)

    def _page(self, kind: Kind, path: str, token: str, unreadable: Faults) -> tuple[ListMeta, Sequence[Any]]:
        # resourceVersion stays unset: "0" would ignore the limit and may be answered from a stale cache.
        query = {"limit": self.page_size, **({"continue": token} if token else {})}
        response = self.client.request("GET", f"{path}?{urllib.parse.urlencode(query)}")
        if response.status != 200:
            raise api_error(response.status, response.body)
        self.client.turn.unpack()
        try:
            page = kind.decoder.decode(response.body)
            list_kind, told, items = page.kind, page.metadata, page.items or ()
        except UNDECODABLE:
            list_kind, told, items, bad = salvage.page(kind, response.body)
            unreadable += bad
        if list_kind != kind.list_kind:
            raise BadPayload(f"expected a {kind.list_kind}, got a {list_kind[:60]!r}")
        return told, items

    def _progress(self, kind: Kind, count: int) -> None:
        self._pages += 1
        if self.on_page:
            self.on_page(kind.resource_type, self._pages, count)


def api_error(status: int, body: Body) -> ApiError:
    """What the server said, when it said it as a ``Status``; other bodies are not quoted."""
    try:
        said = STATUS_DECODER.decode(body)
    except UNDECODABLE:
        # An API server says so in plain text where it serves no such group or version.
        said = Status(message="there is no such API" if status == 404 else "")
    return ApiError(status, said.reason, said.message, said.metadata.continue_token)


def _unseen(token: str, seen: set[str]) -> str:
    if token in seen:
        raise BadPayload("the server handed out the same continue token twice")
    seen.add(token)
    return token
