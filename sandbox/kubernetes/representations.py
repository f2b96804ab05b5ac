"""The forms one object or list can take on the wire: JSON, Table, metadata only; gzip when the client asks."""

import enum
import gzip
from typing import Any

import msgspec
from aiohttp import web

from sandbox.kubernetes.kinds import Kind
from sandbox.kubernetes.status import JSON
from sandbox.kubernetes.tables import metadata_only, table

Object = dict[str, Any]
GZIP_FROM_BYTES = 128 * 1024  # an API server leaves smaller answers alone, too
GZIP_LEVEL = 1
CHUNKED_FROM_BYTES = 2 * 1024  # where Go no longer knows a body's length before it sends the first of it


class Form(enum.Enum):
    """What the Accept header asked for."""

    OBJECT = "object"
    TABLE = "table"
    METADATA = "metadata"


_FORMS = {"Table": Form.TABLE, "PartialObjectMetadata": Form.METADATA, "PartialObjectMetadataList": Form.METADATA}


def requested_form(request: web.Request) -> Form:
    """Return the first form in the Accept header that this server has; plain JSON when there is none."""
    for alternative in request.headers.get("Accept", "").split(","):
        media_type, *parameters = (part.strip() for part in alternative.split(";"))
        wanted = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
        if media_type == JSON and wanted.get("as") in _FORMS:
            return _FORMS[wanted["as"]]
        if media_type in (JSON, "*/*") and "as" not in wanted:
            break
    return Form.OBJECT


def accepts_gzip(request: web.Request) -> bool:
    """Return whether the client can unpack gzip: by the bare word, as an API server has it, not by ``gzip;q=1.0``."""
    return "gzip" in (word.strip() for word in request.headers.get("Accept-Encoding", "").split(","))


def encode_list(kind: Kind, objects: list[Object], metadata: Object, form: Form, include: str) -> bytes:
    """Encode a list of rendered objects."""
    body: Object
    if form is Form.TABLE:
        body = table(kind, objects, metadata, include)
    elif form is Form.METADATA:
        items = [metadata_only(kind, obj) for obj in objects]
        body = {
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": items,
        }
    else:
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
    """Send a whole list in the form asked for."""
    include = request.query.get("includeObject", "Metadata")
    return respond(
        request, encode_list(kind, objects, {"resourceVersion": str(version)}, requested_form(request), include)
    )


def respond_object(request: web.Request, kind: Kind, obj: Object, status: int = 200) -> web.Response:
    """Send one object in the form asked for."""
    form = requested_form(request)
    if form is Form.TABLE:
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        body = table(kind, [obj], metadata, request.query.get("includeObject", "Metadata"))
    elif form is Form.METADATA:
        body = metadata_only(kind, obj)
    else:
        body = {"kind": kind.kind, "apiVersion": kind.api_version, **obj}
    return respond(request, msgspec.json.encode(body) + b"\n", status)
