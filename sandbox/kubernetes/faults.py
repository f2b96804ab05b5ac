"""Faults: the ways in which a cluster's API misbehaves while a scenario wants it to."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from sandbox.kubernetes.listing import INCONSISTENT, ContinueToken
from sandbox.kubernetes.representations import CHUNKED_FROM_BYTES
from sandbox.kubernetes.request_info import INFO, USER
from sandbox.kubernetes.status import JSON, ApiFailure, page_not_found

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FaultKind = Literal[
    "unreachable",
    "hang",
    "slow",
    "slow_loris",
    "unauthorized",
    "forbidden",
    "not_found",
    "throttled",
    "unavailable",
    "server_error",
    "redirect",
    "garbage",
    "wrong_shape",
    "cut_body",
    "expired_continue",
    "endless_continue",
]
REDIRECT_TARGET = "/redirected"
_ONLY = {
    "deployments": "/deployments",
    "statefulsets": "/statefulsets",
    "rollouts": "/rollouts",
    "hpa": "/horizontalpodautoscalers",
}
_POD_API = ("/pods", "/secrets", "/configmaps", "/events")
_REFUSALS = {
    "unauthorized": (401, "Unauthorized", "Unauthorized"),
    "unavailable": (503, "ServiceUnavailable", "the server is currently unable to handle the request"),
    "server_error": (500, "InternalError", "an error on the server has prevented the request from succeeding"),
}


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault. ``after`` requests pass first, then ``times`` are struck (without it: all, until it is cleared)."""

    kind: FaultKind
    only: Literal["deployments", "statefulsets", "rollouts", "hpa"] | None = None
    scope: Literal["workloads", "all"] = "workloads"
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    retry_after: Annotated[int, msgspec.Meta(ge=0)] = 1
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 1.0
    location: str | None = None

    def concerns(self, path: str, continue_text: str) -> bool:
        """Return whether a request, by its path below the cluster, is one this fault is about."""
        if self.only:
            is_meant = _ONLY[self.only] in path
        else:
            is_meant = self.scope == "all" or not any(part in path for part in _POD_API)
        if self.kind == "expired_continue":
            return is_meant and bool(continue_text) and ContinueToken.decode(continue_text).version != INCONSISTENT
        return is_meant


class FaultState:
    """The fault a cluster has now, if any, and how often it struck."""

    def __init__(self) -> None:
        """Begin healthy."""
        self.fault: Fault | None = None
        self._passed = self._struck = 0

    def set(self, fault: Fault | None) -> None:
        """Replace the fault and begin to count anew."""
        self.fault, self._passed, self._struck = fault, 0, 0

    def strike(self, path: str, continue_text: str) -> Fault | None:
        """Return the fault if it hits this request."""
        fault = self.fault
        if fault is None or not fault.concerns(path, continue_text):
            return None
        if self._passed < fault.after:
            self._passed += 1
            return None
        if fault.times is not None and self._struck >= fault.times:
            return None
        self._struck += 1
        return fault


async def misbehave(fault: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    """Answer a request the way the fault has it."""
    if fault.kind in _REFUSALS:
        return ApiFailure(*_REFUSALS[fault.kind]).response()
    if fault.kind == "forbidden":
        return request[INFO].refused(USER).response()
    if fault.kind == "not_found":
        return page_not_found()
    return await _BEHAVIOURS[fault.kind](fault, request, handler, closing)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # goes nowhere: the connection is closed


async def _unreachable(_: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    return _hang_up(request)


async def _pause(seconds: float, request: web.Request, closing: asyncio.Event) -> None:
    """Wait, unless the client leaves or the server stops before."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0 and not closing.is_set():
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(min(left, 0.2))


async def _hang(_: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    await _pause(24 * 3600, request, closing)
    return _hang_up(request)


async def _slow(fault: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    await _pause(fault.seconds, request, closing)
    return await handler(request)


async def _answer(request: web.Request, handler: Handler) -> web.Response:
    """Return the answer a healthy cluster would give; faults of the body apply to whole bodies only."""
    response = await handler(request)
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        raise ApiFailure(501, "NotImplemented", "this fault does not apply to streams")
    return response


async def _begin(request: web.Request, whole: web.Response, length: int) -> web.StreamResponse:
    headers = {name: whole.headers[name] for name in ("Content-Type", "Content-Encoding") if name in whole.headers}
    stream = web.StreamResponse(status=whole.status, headers=headers)
    if length >= CHUNKED_FROM_BYTES:
        stream.enable_chunked_encoding()
    else:
        stream.content_length = length
    await stream.prepare(request)
    return stream


async def _slow_loris(
    fault: Fault, request: web.Request, handler: Handler, closing: asyncio.Event
) -> web.StreamResponse:
    whole = await _answer(request, handler)
    body = bytes(whole.body)  # type: ignore[arg-type]  # _answer made sure
    stream = await _begin(request, whole, len(body))
    for position in range(len(body)):
        if closing.is_set() or request.transport is None or request.transport.is_closing():
            break
        await stream.write(body[position : position + 1])
        await _pause(fault.seconds, request, closing)
    return stream


async def _cut_body(_: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    whole = await _answer(request, handler)
    body = bytes(whole.body)  # type: ignore[arg-type]  # _answer made sure
    stream = await _begin(request, whole, len(body))
    await stream.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return stream


async def _throttled(
    fault: Fault, request: web.Request, handler: Handler, closing: asyncio.Event
) -> web.StreamResponse:
    """Refuse as priority and fairness does: in plain text, no ``Status``."""
    headers = {"Retry-After": str(fault.retry_after), "X-Content-Type-Options": "nosniff"}
    text = "Too many requests, please try again later.\n"
    return web.Response(status=429, text=text, content_type="text/plain", headers=headers)


async def _redirect(fault: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    location = fault.location or f"{request.scheme}://{request.host}{REDIRECT_TARGET}"
    return web.Response(status=302, headers={"Location": location})


async def _garbage(_: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    return web.Response(text="<html><body><h1>Proxy error</h1></body></html>", content_type="text/html")


async def _wrong_shape(_: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    return web.Response(body=b'{"kind":"List","metadata":{},"items":"none"}', content_type=JSON)


async def _expired(_: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    return ContinueToken.decode(request.query["continue"]).expired().response()


async def _endless(_: Fault, request: web.Request, handler: Handler, closing: asyncio.Event) -> web.StreamResponse:
    """Send the page with a token that leads to this very page again."""
    whole = await _answer(request, handler)
    body = bytes(whole.body)  # type: ignore[arg-type]  # _answer made sure
    document = msgspec.json.decode(gzip.decompress(body) if "Content-Encoding" in whole.headers else body)
    if (
        whole.status == 200
        and str(document.get("kind", "")).endswith("List")
        and "resourceVersion" in document["metadata"]
    ):
        version = int(document["metadata"]["resourceVersion"])
        document["metadata"]["continue"] = request.query.get("continue") or ContinueToken(version, "").encode()
    return web.Response(body=msgspec.json.encode(document), status=whole.status, content_type=JSON)


_BEHAVIOURS: dict[str, Callable[[Fault, web.Request, Handler, asyncio.Event], Awaitable[web.StreamResponse]]] = {
    "unreachable": _unreachable,
    "hang": _hang,
    "slow": _slow,
    "slow_loris": _slow_loris,
    "cut_body": _cut_body,
    "throttled": _throttled,
    "redirect": _redirect,
    "garbage": _garbage,
    "wrong_shape": _wrong_shape,
    "expired_continue": _expired,
    "endless_continue": _endless,
}
