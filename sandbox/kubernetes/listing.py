"""Lists of workloads and HPAs: pages of one snapshot, continue tokens, expiry, and a cache of encoded pages."""

import base64
import binascii
from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from aiohttp import web

from sandbox.kubernetes.kinds import ROLLOUT, Kind
from sandbox.kubernetes.objects import render
from sandbox.kubernetes.representations import (
    GZIP_FROM_BYTES,
    accepts_gzip,
    encode_list,
    pack,
    respond,
    respond_packed,
)
from sandbox.kubernetes.selectors import field_requirements, label_selector
from sandbox.kubernetes.snapshots import History, Item, Snapshot
from sandbox.kubernetes.status import ApiFailure, bad_request

INCONSISTENT = -1  # the version in a token that says: go on with whatever is there now
CACHE_BYTES = 384 * 2**20
EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True)
class ContinueToken:
    """Where the next page begins, and in which version of the cluster."""

    version: int
    start: str

    def encode(self) -> str:
        """Return the opaque text a client hands back."""
        fields = {"v": "meta.k8s.io/v1", "rv": self.version, "start": self.start}
        return base64.urlsafe_b64encode(msgspec.json.encode(fields)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "ContinueToken":
        """Return the token a client handed back."""
        try:
            fields = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(int(fields["rv"]), str(fields["start"]))
        except (binascii.Error, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            raise bad_request(f"continue key is not valid: {error}") from error

    def expired(self) -> ApiFailure:
        """Return the 410 that offers to go on inconsistently."""
        return ApiFailure(410, "Expired", EXPIRED, continue_token=replace(self, version=INCONSISTENT).encode())


@dataclass(frozen=True)
class PageRequest:
    """Everything that decides the bytes of one page of a snapshot."""

    kind: Kind
    namespace: str | None
    labels: str
    fields: str
    limit: int
    start: str


class PageCache:
    """Encoded pages, the least recently used dropped when together they grow too large."""

    def __init__(self, capacity: int = CACHE_BYTES) -> None:
        """Begin empty."""
        self._capacity, self._size = capacity, 0
        self._pages: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> bytes | None:
        """Return a page and mark it used."""
        page = self._pages.get(key)
        if page is not None:
            self._pages.move_to_end(key)
        return page

    def put(self, key: tuple[object, ...], page: bytes) -> None:
        """Keep a page."""
        self._pages[key] = page
        self._size += len(page)
        while self._size > self._capacity:
            self._size -= len(self._pages.popitem(last=False)[1])


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "") or "0"
    if not text.isdigit():
        raise bad_request(f"{name}: {text!r} is not a number of zero or more")
    return int(text)


def _limit(request: web.Request) -> int:
    """Return how many objects are asked for; as on an API server all of them for a negative number."""
    text = request.query.get("limit", "") or "0"
    return 0 if text.startswith("-") and text[1:].isdigit() else _number(request, "limit")


def _chosen_snapshot(request: web.Request, history: History, current: int) -> tuple[Snapshot, str]:
    """Return the snapshot a request reads, and the key its page begins with."""
    version = _number(request, "resourceVersion")
    if text := request.query.get("continue"):
        if version:
            raise bad_request("resourceVersion must not be set together with continue")
        token = ContinueToken.decode(text)
        snapshot = history.latest if token.version == INCONSISTENT else history.at(token.version)
        if snapshot is None:
            raise token.expired()
        return snapshot, token.start
    if version > current:
        raise ApiFailure(504, "Timeout", f"Too large resource version: {version}, current: {current}")
    if request.query.get("resourceVersionMatch") == "Exact" and version:
        exact = history.at(version)
        if exact is None:
            raise ApiFailure(410, "Expired", f"The resourceVersion for the provided list is too old: {version}")
        return exact, ""
    return history.latest, ""


def page_request(request: web.Request, kind: Kind, start: str) -> PageRequest:
    """Return what a request asks of a snapshot."""
    limit = _limit(request)
    if request.query.get("resourceVersion") == "0" and not start:
        limit = 0  # as a real API server: version 0 is served from its cache, which does not page
    return PageRequest(
        kind,
        request.match_info.get("namespace"),
        request.query.get("labelSelector", ""),
        request.query.get("fieldSelector", ""),
        limit,
        start,
    )


def _matching(page: PageRequest, snapshot: Snapshot) -> tuple[list[Item], str, int]:
    """Return the items of a page, the key of the last one looked at ("" at the end), and how many are left."""
    shelf = snapshot.shelves[page.kind]
    low, high = shelf.span(page.namespace)
    low = max(low, bisect_left(shelf.keys, page.start))
    has_labels = label_selector(page.labels)
    fields = field_requirements(page.fields, ("metadata.name", "metadata.namespace"))
    found: list[Item] = []
    for index in range(low, high):
        if page.limit and len(found) == page.limit:
            return found, shelf.keys[index - 1], high - index
        namespace, name = shelf.keys[index].split("/", 1)
        parts = {"metadata.namespace": namespace, "metadata.name": name}
        is_chosen = all((parts[path] == value) is wanted for path, (value, wanted) in fields.items())
        if is_chosen and has_labels(shelf.items[index].workload.labels):
            found.append(shelf.items[index])
    return found, "", 0


def render_page(page: PageRequest, snapshot: Snapshot) -> bytes:
    """Encode one page of a snapshot."""
    found, last_key, remaining = _matching(page, snapshot)
    metadata: dict[str, Any] = {"resourceVersion": str(snapshot.version)}
    if page.kind is ROLLOUT:
        metadata["continue"] = ""  # lists of a CRD say so also at the end
    if last_key:
        metadata["continue"] = ContinueToken(snapshot.version, last_key + "\0").encode()
        if not page.labels and not page.fields:  # with a selector nobody knows how many are left
            metadata["remainingItemCount"] = remaining
    objects = [render(page.kind, item) for item in found]
    return encode_list(page.kind, objects, metadata)


def list_page(request: web.Request, kind: Kind, history: History, current: int, cache: PageCache) -> web.Response:
    """Answer a list request with one page."""
    if request.query.get("watch") in ("1", "t", "true", "True", "TRUE"):
        raise ApiFailure(405, "MethodNotAllowed", f"{kind.plural} can be listed here, not watched")
    snapshot, start = _chosen_snapshot(request, history, current)
    page = page_request(request, kind, start)
    key = (history.cluster, snapshot.version, page)
    body = cache.get(key)
    if body is None:
        body = render_page(page, snapshot)
        cache.put(key, body)
    if len(body) < GZIP_FROM_BYTES or not accepts_gzip(request):
        return respond(request, body)
    packed = cache.get((*key, "gzip"))
    if packed is None:
        packed = pack(body)
        cache.put((*key, "gzip"), packed)
    return respond_packed(packed)
