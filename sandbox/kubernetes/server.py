"""The application: who may come in, which cluster is meant, and which handler answers."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from sandbox.kubernetes import discovery, gke_api, iam_api, pods, secrets
from sandbox.kubernetes.access import authorize
from sandbox.kubernetes.clusters import CLUSTER, CLUSTERS, Cluster, Clusters
from sandbox.kubernetes.control_api import ControlApi
from sandbox.kubernetes.faults import REDIRECT_TARGET, misbehave
from sandbox.kubernetes.google_accounts import Accounts
from sandbox.kubernetes.images import Runtime
from sandbox.kubernetes.kinds import AUTOSCALER, KINDS, ROLLOUT, WORKLOADS, Kind
from sandbox.kubernetes.listing import list_page
from sandbox.kubernetes.objects import render
from sandbox.kubernetes.representations import respond, respond_object
from sandbox.kubernetes.request_info import INFO, RequestInfo
from sandbox.kubernetes.status import ApiFailure, not_found, not_implemented, page_not_found
from sandbox.traffic import IS_UNTYPICAL, recording

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PREFIX = "/clusters/{cluster}"
_GROUPS = frozenset(kind.group for kind in KINDS)
_NOT_HERE = ("configmaps", "namespaces", "serviceaccounts")
LARGEST_BODY = 256 * 2**20  # the state of a very large cluster


def _count(request: web.Request, cluster: Cluster) -> None:
    resource = request.match_info.route.resource
    pattern = resource.canonical if resource else request.path
    path = request.path if pattern.endswith("{rest}") else pattern
    cluster.calls[f"{request.method} {path.removeprefix(PREFIX).removeprefix(cluster.path) or '/'}"] += 1


@web.middleware
async def at_cluster(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find the cluster, let its fault strike, check the token; refusals become Status objects."""
    name = request.match_info.get("cluster")
    if name is None or not request.path.startswith("/clusters/"):
        return await handler(request)
    clusters = request.app[CLUSTERS]
    cluster = clusters.by_name.get(name)
    if cluster is None:
        return not_found("clusters", name).response()
    path = request.path.removeprefix(cluster.path)
    request[CLUSTER], request[INFO] = cluster, RequestInfo.of(request, path)
    _count(request, cluster)

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            authorize(request, cluster)
            return await handler(request)
        except ApiFailure as failure:
            return failure.response()

    try:
        fault = cluster.fault.strike(path, request.query.get("continue", ""))
        request[IS_UNTYPICAL] = fault is not None
        return await misbehave(fault, request, answer, clusters.closing) if fault else await answer(request)
    except ApiFailure as failure:
        return failure.response()


def _workload_handlers(kind: Kind) -> tuple[Handler, Handler]:
    async def list_workloads(request: web.Request) -> web.StreamResponse:
        cluster = request[CLUSTER]
        if kind is ROLLOUT and not cluster.history.has_rollouts:
            return page_not_found()
        return list_page(request, kind, cluster.history, cluster.version, request.app[CLUSTERS].pages)

    async def read_workload(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        item = request[CLUSTER].history.latest.shelves[kind].find(request.match_info["namespace"], name)
        if item is None:
            raise not_found(f"{kind.plural}.{kind.group}", name)
        return respond_object(request, kind, render(kind, item))

    return list_workloads, read_workload


def _workload_routes() -> list[web.RouteDef]:
    routes = []
    for kind in (*WORKLOADS, AUTOSCALER):
        list_workloads, read_workload = _workload_handlers(kind)
        root = PREFIX + kind.root
        many = f"{root}/namespaces/{{namespace}}/{kind.plural}"
        routes += [
            web.get(f"{root}/{kind.plural}", list_workloads),
            web.get(many, list_workloads),
            web.get(f"{many}/{{name}}", read_workload),
        ]
    return routes


async def everything_else(request: web.Request) -> web.StreamResponse:
    """Answer discovery; refuse the rest: 405 for a verb a known kind does not have here, else 404.

    As an API server: a ``Status`` where the group is served, plain text where it is not, or where there is no API.
    """
    cluster = request[CLUSTER]
    path = "/" + request.match_info["rest"].rstrip("/")
    has_rollouts = cluster.history.has_rollouts
    document = discovery.documents(has_rollouts).get(path)
    if document is not None and request.method == "GET":
        return respond(request, msgspec.json.encode(document))
    if path in ("/healthz", "/livez", "/readyz"):
        return web.Response(text="ok")
    parts = path.split("/")
    if parts[2:3] == [ROLLOUT.group] and not has_rollouts:
        return page_not_found()
    for kind in KINDS:
        if path.startswith(f"{kind.root}/") and kind.plural in parts:
            if not kind.group:
                raise not_implemented(f"{request[INFO].verb} of {request[INFO].what}")
            message = f"{request.method} is not allowed here on {kind.plural}"
            raise ApiFailure(405, "MethodNotAllowed", message)
    if parts[1:2] == ["api"] and (refused := request[INFO]).resource in _NOT_HERE:
        raise not_implemented(f"{refused.verb} of {refused.resource}")
    if (parts[1:2] == ["apis"] and parts[2:3] and parts[2] in _GROUPS) or parts[1:2] == ["api"]:
        raise ApiFailure(404, "NotFound", "the server could not find the requested resource", details={})
    return page_not_found()


async def redirected(request: web.Request) -> web.Response:
    """Note who followed the fault ``redirect``, and whether they brought their credentials along."""
    has_credentials = "Authorization" in request.headers
    request.app[CLUSTERS].redirected["with credentials" if has_credentials else "without credentials"] += 1
    return web.Response(status=418, text="this is where the fault 'redirect' leads")


async def _begin_closing(app: web.Application) -> None:
    app[CLUSTERS].closing.set()  # ends the faults that wait


def make_app(
    clusters: Clusters, runtime: Runtime, control: ControlApi, ca_data: str, accounts: Accounts
) -> web.Application:
    """Return the application that serves some clusters; ``ca_data`` is the authority by which they are known."""
    recorded = recording({"/v1/projects/[^/]+/locations/": "container", "/clusters/": "kubernetes"})
    app = web.Application(middlewares=[*recorded, control.guard, at_cluster], client_max_size=LARGEST_BODY)
    app[CLUSTERS], app[pods.RUNTIME] = clusters, runtime
    app[gke_api.PROJECTS], app[gke_api.CA_DATA] = {}, ca_data
    app[iam_api.ACCOUNTS] = accounts
    core = f"{PREFIX}/api/v1"
    app.add_routes([*control.routes(), *gke_api.routes(), *iam_api.routes(), web.get(REDIRECT_TARGET, redirected)])
    app.add_routes([*_workload_routes(), *pods.routes(core), *secrets.routes(core)])
    app.add_routes([web.route("*", PREFIX + "/{rest:.*}", everything_else)])
    app.on_shutdown.append(_begin_closing)
    app.on_shutdown.append(pods.stop_all)
    return app
