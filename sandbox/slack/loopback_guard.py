"""Keeps other web sites out of the page and the control API, which a browser on this machine could reach."""

from collections.abc import Awaitable, Callable

from aiohttp import web

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


@web.middleware
async def loopback_guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse foreign ``Host`` headers (DNS rebinding) and other origins; the Web API has its own token."""
    if not request.path.startswith("/api/"):
        if _host_name(request.host) not in LOOPBACK_HOSTS:
            return web.Response(status=403, text="this page answers to loopback addresses only")
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{request.host}":
            return web.Response(status=403, text="this page does not answer to other sites")
    return await handler(request)
