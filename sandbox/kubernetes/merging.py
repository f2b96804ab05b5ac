"""Bodies of write requests: reading objects, applying merge patches."""

from typing import Any

import msgspec
from aiohttp import web

from sandbox.kubernetes.status import ApiFailure, bad_request, not_implemented

Object = dict[str, Any]
PROTOBUF = "application/vnd.kubernetes.protobuf"
PATCH_TYPES = ("application/merge-patch+json", "application/strategic-merge-patch+json")


async def read_object(request: web.Request) -> Object:
    """Return the object of a request's body."""
    if request.content_type == PROTOBUF:
        raise not_implemented("bodies in protobuf")
    try:
        obj = msgspec.json.decode(await request.read())
    except msgspec.DecodeError as error:
        raise bad_request(f"the body is not JSON: {error}") from error
    if not isinstance(obj, dict):
        raise bad_request("the body is not a JSON object")
    return obj


async def read_patch(request: web.Request) -> Object:
    """Return a patch; of the patch types those that merge are supported, which suffices for maps of text."""
    if request.content_type not in PATCH_TYPES:
        accepted = f"accepted media types include: {', '.join(PATCH_TYPES)}"
        raise ApiFailure(415, "UnsupportedMediaType", f"the body of the request was in an unknown format - {accepted}")
    return await read_object(request)


def merge_patch(target: Object, patch: Object) -> None:
    """Apply an RFC 7396 merge patch in place."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            if not isinstance(target.get(key), dict):
                target[key] = {}
            merge_patch(target[key], value)
        else:
            target[key] = value
