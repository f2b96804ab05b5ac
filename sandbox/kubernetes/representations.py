"""Objects and lists on the wire: JSON, whatever else was asked for beside it; gzip when the client asks."""

import gzip
from typing import Any

import msgspec
from aiohttp import web

from sandbox.kubernetes.kinds import Kind
from sandbox.kubernetes.status import JSON

Object = dict[str, Any]
GZIP_FROM_BYTES = 128 * 1024  # an API server leaves smaller answers alone, too
GZIP_LEVEL = 1
CHUNKED_FROM_BYTES = 2 * 1024  # where Go no longer knows a body's length before it sends the first of it


def accepts_gzip(request: web.Request) -> bool:
    """Return whether the client can unpack gzip: by the bare word, as an API server has it, not by ``gzip;q=1.0``."""
    return "gzip" in (word.strip() for word in request.headers.get("Accept-Encoding", "").split(","))


def encode_list(kind: Kind, objects: list[Object], metadata: Object) -> bytes:
    """Encode a list of rendered objects."""
    body = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": objects}
    return msgspec.json.encode(body) + b"\n"


def pack(body: bytes) -> bytes:
    """Compress a body as the API server would."""
    return gzip.compress(body, GZIP_LEVEL, mtime=0)


def respond(request: web.Request, body: bytes, status: int = 200) -> web.Response:
    """Send an encoded body, compressed when that is worth it."""
    if len(body) >= GZIP_FROM_BYTES and accepts_gzip(request):
        return respond_packed(pack(body))
    return _framed(web.Response(body=body, status=status, content_type=JSON), body)


def respond_packed(packed: bytes) -> web.Response:
    """Send a body that is compressed already."""
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return _framed(web.Response(body=packed, content_type=JSON, headers=headers), packed)


def _framed(response: web.Response, body: bytes) -> web.Response:
    if len(body) >= CHUNKED_FROM_BYTES:
        response.enable_chunked_encoding()
    return response


def respond_list(request: web.Request, kind: Kind, objects: list[Object], version: int) -> web.Response:
    """Send a whole list."""
    return respond(request, encode_list(kind, objects, {"resourceVersion": str(version)}))


def respond_object(request: web.Request, kind: Kind, obj: Object, status: int = 200) -> web.Response:
    """Send one object."""
    body = {"kind": kind.kind, "apiVersion": kind.api_version, **obj}
    return respond(request, msgspec.json.encode(body) + b"\n", status)
