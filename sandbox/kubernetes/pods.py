"""The Pod API: create, list, get, patch, delete."""

import asyncio
import copy
from typing import Any

import msgspec
from aiohttp import web

from sandbox.kubernetes.clusters import CLUSTER, CLUSTERS
from sandbox.kubernetes.images import Runtime
from sandbox.kubernetes.kinds import EVENT, POD, Kind
from sandbox.kubernetes.merging import merge_patch, read_object, read_patch
from sandbox.kubernetes.pod_admission import admit
from sandbox.kubernetes.pod_decoding import decode_pod
from sandbox.kubernetes.pod_process import Pod
from sandbox.kubernetes.pod_status import now
from sandbox.kubernetes.pod_validation import Cause, invalid
from sandbox.kubernetes.representations import respond_list, respond_object
from sandbox.kubernetes.selectors import field_requirements, field_value, label_selector
from sandbox.kubernetes.status import already_exists, not_found, not_implemented

Object = dict[str, Any]
RUNTIME: web.AppKey[Runtime] = web.AppKey("runtime", Runtime)
STOP_GRACE_SECONDS = 1.0
_IMMUTABLE = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
    "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_POD_FIELDS = ("metadata.name", "metadata.namespace", "status.phase", "spec.nodeName")
_EVENT_FIELDS = (
    *("metadata.name", "metadata.namespace", "reason", "type"),
    *(f"involvedObject.{field}" for field in ("name", "namespace", "kind", "uid")),
)


def truthy(text: str | None) -> bool:
    """Return what Go's ParseBool makes of a query parameter; the Python client writes ``True``."""
    return text in ("1", "t", "T", "true", "TRUE", "True")


def find_pod(request: web.Request) -> Pod:
    """Return the pod a request names."""
    name = request.match_info["name"]
    pod: Pod | None = request[CLUSTER].pods.get((request.match_info["namespace"], name))
    if pod is None:
        raise not_found(POD.plural, name)
    return pod


def _require_runnable(spec: Object) -> None:
    """Refuse what this runner would have to pretend."""
    if spec["restartPolicy"] != "Never":
        raise not_implemented(f"restartPolicy {spec['restartPolicy']!r}: pods run once (Never)")
    if spec.get("initContainers"):
        raise not_implemented("initContainers")


async def create(request: web.Request) -> web.Response:
    """Accept a pod and start it; with ``dryRun=All`` only say whether it would be accepted."""
    cluster, namespace = request[CLUSTER], request.match_info["namespace"]
    decoded = decode_pod(await read_object(request), request.query.get("fieldValidation", ""))
    obj = admit(cluster, decoded, namespace)
    name = obj["metadata"]["name"]
    if (namespace, name) in cluster.pods:
        raise already_exists(POD.plural, name)
    if request.query.get("dryRun") == "All":
        return respond_object(request, POD, obj, 201)
    _require_runnable(obj["spec"])
    pod = cluster.pods[namespace, name] = Pod(cluster, request.app[RUNTIME], obj)
    cluster.changed(obj)
    accepted = respond_object(request, POD, obj, 201)
    pod.start()
    return accepted


def _list(request: web.Request, kind: Kind, objects: list[Object], fields: tuple[str, ...]) -> web.Response:
    if truthy(request.query.get("watch")):
        raise not_implemented(f"watching {kind.plural}")
    has_labels = label_selector(request.query.get("labelSelector", ""))
    wanted = field_requirements(request.query.get("fieldSelector", ""), fields)
    namespace = request.match_info["namespace"]
    found = [
        obj
        for obj in objects
        if obj["metadata"]["namespace"] == namespace
        and all((field_value(obj, path) == value) is is_equal for path, (value, is_equal) in wanted.items())
        and has_labels(obj["metadata"].get("labels") or {})
    ]
    return respond_list(request, kind, found, request[CLUSTER].version)


async def list_pods(request: web.Request) -> web.Response:
    """List pods."""
    return _list(request, POD, [pod.obj for pod in request[CLUSTER].pods.values()], _POD_FIELDS)


async def list_events(request: web.Request) -> web.Response:
    """List events."""
    return _list(request, EVENT, request[CLUSTER].events, _EVENT_FIELDS)


async def read(request: web.Request) -> web.Response:
    """Return one pod."""
    return respond_object(request, POD, find_pod(request).obj)


async def patch(request: web.Request) -> web.Response:
    """Change labels and annotations; the rest of a pod does not change."""
    pod = find_pod(request)
    changes = await read_patch(request)
    patched = copy.deepcopy(pod.obj["spec"])
    merge_patch(patched, changes.get("spec") or {})
    if patched != pod.obj["spec"]:
        raise invalid(POD.kind, pod.key[1], [Cause("spec", _IMMUTABLE, "FieldValueForbidden")])
    given = changes.get("metadata") or {}
    merge_patch(pod.obj["metadata"], {field: given[field] for field in ("labels", "annotations") if field in given})
    pod.cluster.changed(pod.obj)
    return respond_object(request, POD, pod.obj)


async def _grace(request: web.Request, pod: Pod) -> float:
    text = request.query.get("gracePeriodSeconds")
    if text is None and request.can_read_body and (body := await request.read()):
        options = msgspec.json.decode(body)
        text = options.get("gracePeriodSeconds") if isinstance(options, dict) else None
    return pod.grace if text is None else float(text)


async def delete(request: web.Request) -> web.Response:
    """Stop a pod; it is gone once its processes are."""
    pod = find_pod(request)
    grace = 0.0 if pod.is_over else await _grace(request, pod)
    pod.obj["metadata"].update(deletionTimestamp=now(), deletionGracePeriodSeconds=int(grace))
    ending = asyncio.create_task(_end(pod, grace))
    _ENDINGS.add(ending)
    ending.add_done_callback(_ENDINGS.discard)
    if pod.is_over or grace == 0:
        await asyncio.wait([ending])
    else:
        pod.cluster.changed(pod.obj)
    return respond_object(request, POD, pod.obj)


_ENDINGS: set[asyncio.Task[None]] = set()  # the event loop itself would not keep them


async def _end(pod: Pod, grace: float) -> None:
    await pod.stop(grace)
    pod.remove()


async def stop_all(app: web.Application) -> None:
    """Stop every pod of every cluster, as the server itself stops."""
    pods = [pod for cluster in app[CLUSTERS].by_name.values() for pod in cluster.pods.values()]
    await asyncio.gather(*(_end(pod, STOP_GRACE_SECONDS) for pod in pods))


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the Pod API's routes."""
    one = f"{prefix}/namespaces/{{namespace}}/pods"
    return [
        web.post(one, create),
        web.get(one, list_pods),
        web.get(f"{one}/{{name}}", read),
        web.patch(f"{one}/{{name}}", patch),
        web.delete(f"{one}/{{name}}", delete),
        web.get(f"{prefix}/namespaces/{{namespace}}/events", list_events),
    ]
