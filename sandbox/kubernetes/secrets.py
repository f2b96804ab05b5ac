"""Secrets: they are only kept, for pods to mount."""

import base64
import binascii
import re
import uuid
from typing import Any

from aiohttp import web

from sandbox.kubernetes.clusters import CLUSTER
from sandbox.kubernetes.kinds import SECRET
from sandbox.kubernetes.merging import read_object
from sandbox.kubernetes.pod_status import now
from sandbox.kubernetes.representations import respond_object
from sandbox.kubernetes.status import ApiFailure, already_exists, bad_request, require_own_namespace

Object = dict[str, Any]
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def _check(obj: Object) -> Object:
    """Return the object as it is kept: ``stringData`` encoded, every key and value valid."""
    text = obj.pop("stringData", None) or {}
    data = dict(obj.get("data") or {})
    data |= {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
    for key, value in data.items():
        if not _DATA_KEY.fullmatch(key) or key in (".", ".."):
            raise ApiFailure(422, "Invalid", f"Secret is invalid: data[{key}]: not a valid key")
        if not isinstance(value, str):
            raise bad_request(f"Secret: data[{key}] must be a string")
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise bad_request(f"Secret: data[{key}]: illegal base64 data") from error
    kept = {field: value for field, value in obj.items() if field not in ("kind", "apiVersion")}
    return {"type": "Opaque", **kept, "data": data}


async def create(request: web.Request) -> web.Response:
    """Keep a new Secret."""
    cluster, namespace = request[CLUSTER], request.match_info["namespace"]
    obj = _check(await read_object(request))
    metadata = obj.setdefault("metadata", {})
    require_own_namespace(metadata, namespace)
    cluster.require_namespace(namespace)
    if not metadata.get("name"):
        raise bad_request("metadata.name: Required value")
    if (namespace, metadata["name"]) in cluster.secrets:
        raise already_exists(SECRET.plural, metadata["name"])
    metadata.update(namespace=namespace, uid=str(uuid.uuid4()), creationTimestamp=now())
    if "dryRun" not in request.query:
        cluster.changed(obj)
        cluster.secrets[namespace, metadata["name"]] = obj
    return respond_object(request, SECRET, obj, 201)


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the route."""
    return [web.post(f"{prefix}/namespaces/{{namespace}}/{SECRET.plural}", create)]
