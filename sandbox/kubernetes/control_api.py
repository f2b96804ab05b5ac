"""The control API: how a scenario, a test or a person decides what the clusters hold and how they misbehave.

Every request carries the control token (``Authorization: Bearer …``) from ``control.json``. Bodies are JSON; a wrong
one is answered with 400 and ``{"error": "… - at `$.workloads[3].hpa.max`"}``.

``GET  /control/clusters``                        names, addresses, kubeconfigs, counts, current fault
``POST /control/clusters``                        ``{"name": "eu-prod-2"}`` adds a cluster and writes its kubeconfig
``PUT  /control/clusters/{name}/state``           replaces everything the cluster runs (schema below)
``PUT  /control/clusters/{name}/fault``           makes its API misbehave (schema below); ``DELETE`` heals it
``POST /control/clusters/{name}/rotate-token``    new token; ``{"write_kubeconfig": false}`` leaves the files stale
``PUT  /control/clusters/{name}/anonymous``       ``{"let_in": false}``: no token is 401, not 403 to system:anonymous
``PUT  /control/iam``                             who may impersonate whom (sandbox/kubernetes/iam_api.py)
``GET  /control/calls``                           requests so far, per cluster and route

State: ``{"workloads": [workload, …]}``. A workload (only ``namespace`` and ``name`` are required):

==================== ====================================================================================
namespace, name      what they are in Kubernetes
kind                 "Deployment" (default), "StatefulSet", "Rollout" (the first one installs Argo's API); any other
                     kind is not listed and only serves as target of its HPA; "HorizontalPodAutoscaler": nothing but an
                     HPA, with ``target_kind`` and ``target_name``
labels               labels of the Deployment, of its pods, and of the HPA
spec_replicas        default 1
status_replicas      default spec_replicas
updated_replicas, ready_replicas, available_replicas: default status_replicas
max_surge            "25%" (default) or a count
paused               default false
strategy             RollingUpdate (default) or Recreate; of a StatefulSet RollingUpdate or OnDelete; of a Rollout
                     Canary or BlueGreen
terminating_replicas default 0; of a Deployment in no other count, of a StatefulSet in status_replicas
is_past_deadline     default false; true: the condition Progressing is False, ProgressDeadlineExceeded
workload_ref         of a Rollout, the Deployment it takes over; ``scale_down``: never, onsuccess, progressively
deleted_at           ISO 8601 with zone: it is being deleted in the foreground
generation           default 1, one more whenever spec_replicas, max_surge or paused change
observed_generation  default generation; 0: no controller has looked at it yet
created_at           ISO 8601 with zone; default: a fixed time in 2025, or now for a name that had vanished
incarnation          default 1, one more when a name that had vanished returns; the uid depends on it
hpa                  null or ``{"max", "min": 1, "name", "current", "desired", "target_api_version", "target_kind",
                     "target_name", "is_able_to_scale", "last_scale_at"}``; current, desired default to spec_replicas;
                     ``is_able_to_scale: false``: FailedGetScale, and current is what it wrote before, if anything
==================== ====================================================================================

Fault: ``{"kind": …, "only": "deployments"|"statefulsets"|"rollouts"|"hpa", "scope": "workloads"|"all", "after": n,
"times": n, …}``. It strikes the workload side of the cluster (``scope: all``: pods, secrets and events as well), after
``after`` requests, ``times`` times.
Kinds: unreachable, hang, slow (``seconds``), slow_loris (``seconds`` per byte), unauthorized, forbidden, not_found,
throttled (``retry_after``), unavailable, server_error, redirect (``location``), garbage, wrong_shape, cut_body,
expired_continue, endless_continue.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from sandbox.kubernetes.clusters import CLUSTERS, Cluster
from sandbox.kubernetes.faults import Fault
from sandbox.kubernetes.kinds import AUTOSCALER, WORKLOADS
from sandbox.kubernetes.kubeconfig import KubeconfigFolder
from sandbox.kubernetes.workloads import parse_state

CONTROL = "/control"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlApi:
    """The handlers, and the token that guards them."""

    def __init__(self, folder: KubeconfigFolder) -> None:
        """Make a fresh token."""
        self.token = secrets.token_urlsafe(24)
        self._folder = folder
        self.base_url = ""  # known once the server listens

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let only the holder of the token in, and answer mistakes in words."""
        if not request.path.startswith(f"{CONTROL}/"):
            return await handler(request)
        offered = request.headers.get("Authorization", "")
        if not hmac.compare_digest(offered.encode(), f"Bearer {self.token}".encode()):
            return _error(401, "the control API needs the token of control.json")
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _error(error.status, f"{request.method} {request.path}: {error.reason}")
        except (ValueError, msgspec.MsgspecError) as error:
            return _error(400, str(error))

    def write_files(self, base_url: str, metadata: str, clusters: list[Cluster]) -> None:
        """Write control.json and the kubeconfigs, once the address is known."""
        self.base_url = base_url
        self._folder.write_control(base_url, self.token, metadata)
        self._folder.write(base_url, clusters, clusters)

    async def list_clusters(self, request: web.Request) -> web.Response:
        """Describe every cluster."""
        return _ok({"clusters": [self._describe(c) for c in request.app[CLUSTERS].by_name.values()]})

    def _describe(self, cluster: Cluster) -> dict[str, Any]:
        shelves = cluster.history.latest.shelves
        return {
            "name": cluster.name,
            "server": self.base_url + cluster.path,
            "kubeconfig": str(self._folder.file_of(cluster)),
            **{kind.plural: len(shelves[kind].items) for kind in WORKLOADS},
            "hpas": len(shelves[AUTOSCALER].items),
            "pods": len(cluster.pods),
            "fault": cluster.fault.fault,
        }

    async def add_cluster(self, request: web.Request) -> web.Response:
        """Add a cluster while the server runs."""
        body = await _body(request, ("name",))
        if not isinstance(body.get("name"), str):
            raise ValueError("name: required")
        clusters = request.app[CLUSTERS]
        cluster = clusters.add(body["name"])
        self._folder.write(self.base_url, clusters.by_name.values(), [cluster])
        return _ok(self._describe(cluster), 201)

    async def set_state(self, request: web.Request) -> web.Response:
        """Replace what a cluster runs."""
        cluster = _cluster(request)
        snapshot = cluster.history.replace(parse_state(msgspec.json.decode(await request.read())))
        return _ok({"resource_version": snapshot.version, **self._describe(cluster)})

    async def set_fault(self, request: web.Request) -> web.Response:
        """Make a cluster's API misbehave."""
        cluster = _cluster(request)
        cluster.fault.set(msgspec.json.decode(await request.read(), type=Fault))
        return _ok(self._describe(cluster))

    async def clear_fault(self, request: web.Request) -> web.Response:
        """Make a cluster's API behave again."""
        cluster = _cluster(request)
        cluster.fault.set(None)
        return _ok(self._describe(cluster))

    async def rotate_token(self, request: web.Request) -> web.Response:
        """Give a cluster a new token; the old one is refused from now on."""
        cluster = _cluster(request)
        body = await _body(request, ("write_kubeconfig",))
        cluster.token = secrets.token_urlsafe(24)
        if body.get("write_kubeconfig", True):
            self._folder.write(self.base_url, request.app[CLUSTERS].by_name.values(), [cluster])
        return _ok({"name": cluster.name, "token": cluster.token})

    async def set_anonymous(self, request: web.Request) -> web.Response:
        """Say whether requests without a token are let in, as nobody, or are not known."""
        cluster = _cluster(request)
        body = await _body(request, ("let_in",))
        if not isinstance(body.get("let_in"), bool):
            raise ValueError("let_in: required, true or false")
        cluster.lets_anonymous_in = body["let_in"]
        return _ok(self._describe(cluster))

    async def calls(self, request: web.Request) -> web.Response:
        """Count requests per cluster and route."""
        clusters = request.app[CLUSTERS]
        counted = {cluster.name: dict(cluster.calls) for cluster in clusters.by_name.values()}
        return _ok({"clusters": counted, "redirected": dict(clusters.redirected)})

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        one = f"{CONTROL}/clusters/{{cluster}}"
        return [
            web.get(f"{CONTROL}/clusters", self.list_clusters),
            web.post(f"{CONTROL}/clusters", self.add_cluster),
            web.put(f"{one}/state", self.set_state),
            web.put(f"{one}/fault", self.set_fault),
            web.delete(f"{one}/fault", self.clear_fault),
            web.post(f"{one}/rotate-token", self.rotate_token),
            web.put(f"{one}/anonymous", self.set_anonymous),
            web.get(f"{CONTROL}/calls", self.calls),
        ]


def _cluster(request: web.Request) -> Cluster:
    name = request.match_info["cluster"]
    cluster = request.app[CLUSTERS].by_name.get(name)
    if cluster is None:
        raise web.HTTPNotFound(reason=f"no cluster {name!r}")
    return cluster


async def _body(request: web.Request, allowed: tuple[str, ...]) -> dict[str, Any]:
    text = await request.read()
    body = msgspec.json.decode(text, type=dict[str, Any]) if text else {}
    if unknown := sorted(set(body) - set(allowed)):
        raise ValueError(f"{unknown[0]}: unknown field (known: {', '.join(allowed)})")
    return body


def _ok(document: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(document), status=status, content_type="application/json")


def _error(status: int, message: str) -> web.Response:
    return _ok({"error": message}, status)
