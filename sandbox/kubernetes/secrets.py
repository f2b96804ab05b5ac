"""Secrets, ConfigMaps, service accounts and namespaces: objects that are only kept, for pods to use."""

import base64
import binascii
import re
import secrets
import uuid
from typing import Any

from aiohttp import web

from sandbox.kubernetes.clusters import CLUSTER, COMPOSER_NAMESPACE, Cluster
from sandbox.kubernetes.kinds import CONFIG_MAP, NAMESPACE, SECRET, SERVICE_ACCOUNT, Kind
from sandbox.kubernetes.merging import merge_patch, read_object, read_patch
from sandbox.kubernetes.pod_status import now
from sandbox.kubernetes.representations import respond_list, respond_object
from sandbox.kubernetes.selectors import field_requirements, label_selector
from sandbox.kubernetes.status import ApiFailure, already_exists, bad_request, not_found, require_own_namespace

Object = dict[str, Any]
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def _check(kind: Kind, obj: Object) -> Object:
    """Return the object as it is kept: ``stringData`` encoded, every key and value valid."""
    data = dict(obj.get("data") or {})
    if kind is SECRET:
        text = obj.pop("stringData", None) or {}
        data |= {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
        obj.setdefault("type", "Opaque")
    for key, value in data.items():
        if not _DATA_KEY.fullmatch(key) or key in (".", ".."):
            raise ApiFailure(422, "Invalid", f"{kind.kind} is invalid: data[{key}]: not a valid key")
        if not isinstance(value, str):
            raise bad_request(f"{kind.kind}: data[{key}] must be a string")
        if kind is SECRET:
            _check_base64(key, value)
    if data:
        obj["data"] = data
    return {field: value for field, value in obj.items() if field not in ("kind", "apiVersion")}


def _check_base64(key: str, value: str) -> None:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise bad_request(f"Secret: data[{key}]: illegal base64 data") from error


class Keeper:
    """The handlers of one kept kind."""

    def __init__(self, kind: Kind) -> None:
        """Serve a kind."""
        self.kind = kind

    def _find(self, request: web.Request) -> tuple[Cluster, Object]:
        cluster, name = request[CLUSTER], request.match_info["name"]
        obj = cluster.stored[self.kind].get((request.match_info["namespace"], name))
        if obj is None:
            raise not_found(self.kind.plural, name)
        return cluster, obj

    def _keep(self, cluster: Cluster, obj: Object) -> Object:
        obj["metadata"]["resourceVersion"] = str(cluster.next_version())
        cluster.stored[self.kind][obj["metadata"]["namespace"], obj["metadata"]["name"]] = obj
        return obj

    async def create(self, request: web.Request) -> web.Response:
        """Keep a new object."""
        cluster, namespace = request[CLUSTER], request.match_info["namespace"]
        obj = _check(self.kind, await read_object(request))
        metadata = obj.setdefault("metadata", {})
        require_own_namespace(metadata, namespace)
        cluster.require_namespace(namespace)
        if metadata.get("generateName") and not metadata.get("name"):
            metadata["name"] = metadata["generateName"] + secrets.token_hex(3)[:5]
        if not metadata.get("name"):
            raise bad_request("metadata.name: Required value")
        if (namespace, metadata["name"]) in cluster.stored[self.kind]:
            raise already_exists(self.kind.plural, metadata["name"])
        metadata.update(namespace=namespace, uid=str(uuid.uuid4()), creationTimestamp=now())
        if "dryRun" not in request.query:
            self._keep(cluster, obj)
        return respond_object(request, self.kind, obj, 201)

    async def read(self, request: web.Request) -> web.Response:
        """Return an object."""
        return respond_object(request, self.kind, self._find(request)[1])

    async def list_objects(self, request: web.Request) -> web.Response:
        """List objects."""
        cluster, namespace = request[CLUSTER], request.match_info.get("namespace")
        has_labels = label_selector(request.query.get("labelSelector", ""))
        fields = field_requirements(request.query.get("fieldSelector", ""), ("metadata.name", "metadata.namespace"))
        found = [
            obj
            for (kept_namespace, name), obj in sorted(cluster.stored[self.kind].items())
            if namespace in (None, kept_namespace)
            and has_labels(obj["metadata"].get("labels") or {})
            and all(
                ({"metadata.name": name, "metadata.namespace": kept_namespace}[path] == value) is is_equal
                for path, (value, is_equal) in fields.items()
            )
        ]
        return respond_list(request, self.kind, found, cluster.version)

    async def replace(self, request: web.Request) -> web.Response:
        """Replace an object, unless it changed since the client read it."""
        cluster, before = self._find(request)
        obj = _check(self.kind, await read_object(request))
        metadata = obj.setdefault("metadata", {})
        if metadata.get("resourceVersion") not in (None, "", before["metadata"]["resourceVersion"]):
            raise ApiFailure(
                409, "Conflict", f'{self.kind.plural} "{request.match_info["name"]}" was modified meanwhile'
            )
        metadata.update({key: before["metadata"][key] for key in ("name", "namespace", "uid", "creationTimestamp")})
        return respond_object(request, self.kind, self._keep(cluster, obj))

    async def patch(self, request: web.Request) -> web.Response:
        """Merge a patch into an object."""
        cluster, obj = self._find(request)
        changes = await read_patch(request)
        changes["metadata"] = {
            field: value
            for field, value in (changes.get("metadata") or {}).items()
            if field in ("labels", "annotations")
        }
        merge_patch(obj, changes)
        return respond_object(request, self.kind, self._keep(cluster, _check(self.kind, obj)))

    async def delete(self, request: web.Request) -> web.Response:
        """Forget an object."""
        cluster, obj = self._find(request)
        del cluster.stored[self.kind][obj["metadata"]["namespace"], obj["metadata"]["name"]]
        cluster.next_version()
        return respond_object(request, self.kind, obj)

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """Return the routes of this kind."""
        many = f"{prefix}/namespaces/{{namespace}}/{self.kind.plural}"
        one = f"{many}/{{name}}"
        return [
            web.post(many, self.create),
            web.get(many, self.list_objects),
            web.get(f"{prefix}/{self.kind.plural}", self.list_objects),
            web.get(one, self.read),
            web.put(one, self.replace),
            web.patch(one, self.patch),
            web.delete(one, self.delete),
        ]


def _namespace(name: str, created_at: str) -> Object:
    metadata: Object = {
        "name": name,
        "uid": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        "resourceVersion": "1",
        "creationTimestamp": created_at,
        "labels": {"kubernetes.io/metadata.name": name},
    }
    if name == COMPOSER_NAMESPACE:
        metadata["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
    return {"metadata": metadata, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


async def create_namespace(request: web.Request) -> web.Response:
    """Make a namespace."""
    cluster = request[CLUSTER]
    name = ((await read_object(request)).get("metadata") or {}).get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name):
        raise ApiFailure(422, "Invalid", f"Namespace is invalid: metadata.name: Invalid value: {name!r}")
    if not cluster.note_namespace(name):
        raise already_exists(NAMESPACE.plural, name)
    return respond_object(request, NAMESPACE, _namespace(name, now()), 201)


async def list_namespaces(request: web.Request) -> web.Response:
    """List namespaces."""
    cluster = request[CLUSTER]
    wanted = field_requirements(request.query.get("fieldSelector", ""), ("metadata.name",))
    has_labels = label_selector(request.query.get("labelSelector", ""))
    namespaces = [_namespace(name, created_at) for name, created_at in cluster.namespaces().items()]
    found = [
        obj
        for obj in namespaces
        if has_labels(obj["metadata"]["labels"])
        and all((obj["metadata"]["name"] == value) is is_equal for value, is_equal in wanted.values())
    ]
    return respond_list(request, NAMESPACE, found, cluster.version)


async def read_namespace(request: web.Request) -> web.Response:
    """Return a namespace."""
    name = request.match_info["name"]
    created_at = request[CLUSTER].namespaces().get(name)
    if created_at is None:
        raise not_found(NAMESPACE.plural, name)
    return respond_object(request, NAMESPACE, _namespace(name, created_at))


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of everything that is only kept."""
    return [
        *Keeper(SECRET).routes(prefix),
        *Keeper(CONFIG_MAP).routes(prefix),
        *Keeper(SERVICE_ACCOUNT).routes(prefix),
        web.post(f"{prefix}/namespaces", create_namespace),
        web.get(f"{prefix}/namespaces", list_namespaces),
        web.get(f"{prefix}/namespaces/{{name}}", read_namespace),
    ]
