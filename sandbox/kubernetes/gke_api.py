"""The one call of the GKE API that discovery makes: ``GET /v1/projects/{project}/locations/-/clusters``, as REST.

What it answers is told through the control API: ``PUT /control/gke/{project}`` with ``{"clusters": [{"name",
"location", "labels", "status", "endpoint": "dns" | "private" | "public" | "none"}], "missing_zones": [], "fault":
null}``. A cluster's address is that of the cluster of the same name here, without a scheme, as GKE tells it (GKE's own
have no path either), and masterAuth carries this process's authority. ``endpoint`` says which way in is open: a DNS
endpoint is always listed, and lets traffic from outside of Google in with ``dns`` alone. A status may be a number too,
also one that no client knows yet; as in the service, ``$alt=json;enum-encoding=int`` is answered with numbers. Faults:
forbidden, unauthorized, unavailable, not_found, garbage, hang. A project nobody told of is answered 403, as by Google.
"""

import asyncio
import hashlib
from http import HTTPStatus
from typing import Any, Literal

import msgspec
from aiohttp import web

from sandbox.contracts.descriptions import description
from sandbox.kubernetes.clusters import CLUSTERS
from sandbox.traffic import IS_UNTYPICAL

DEFAULT_LOCATION = "europe-west1"
_REFUSALS = {
    "forbidden": (
        *(HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", "forbidden"),
        'Required "container.clusters.list" permission(s)',
    ),
    "unauthorized": (
        *(HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED", "authError"),
        "Request had invalid authentication credentials",
    ),
    "unavailable": (
        *(HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE", "backendError"),
        "The service is currently unavailable",
    ),
    "not_found": (HTTPStatus.NOT_FOUND, "NOT_FOUND", "notFound", "The project does not exist"),
}


# Their places in the description are their numbers on the wire.
_STATUSES: list[str] = description("container").schema("Cluster")["properties"]["status"]["enum"]


class GkeCluster(msgspec.Struct, forbid_unknown_fields=True):
    """A cluster as a project lists it."""

    name: str
    location: str = DEFAULT_LOCATION
    labels: dict[str, str] = {}
    status: str | int = "RUNNING"
    endpoint: Literal["dns", "private", "public", "none"] = "dns"


class GkeProject(msgspec.Struct, forbid_unknown_fields=True):
    """What GKE says of a project."""

    clusters: list[GkeCluster] = []
    missing_zones: list[str] = []
    fault: Literal["forbidden", "unauthorized", "unavailable", "not_found", "garbage", "hang"] | None = None


PROJECTS: web.AppKey[dict[str, GkeProject]] = web.AppKey("projects", dict[str, GkeProject])
CA_DATA: web.AppKey[str] = web.AppKey("ca_data", str)


def _status(given: str | int, are_enums_numbers: bool) -> str | int:
    if are_enums_numbers:
        return _STATUSES.index(given) if isinstance(given, str) else given
    return given if isinstance(given, str) else dict(enumerate(_STATUSES)).get(given, "NEWER_THAN_THE_SANDBOX")


def _document(cluster: GkeCluster, project: str, server: str, ca_data: str, are_enums_numbers: bool) -> dict[str, Any]:
    has_ip = cluster.endpoint in ("private", "public")
    addresses = {f"{cluster.endpoint}Endpoint": server} if has_ip else {}
    path = f"projects/{project}/locations/{cluster.location}/clusters/{cluster.name}"
    return {
        "id": hashlib.sha256(path.encode()).hexdigest(),
        "name": cluster.name,
        "selfLink": f"https://container.googleapis.com/v1/{path}",
        "location": cluster.location,
        "zone": cluster.location,
        "status": _status(cluster.status, are_enums_numbers),
        "resourceLabels": cluster.labels,
        **({"endpoint": server} if has_ip else {}),
        "controlPlaneEndpointsConfig": {
            "dnsEndpointConfig": {"endpoint": server, "allowExternalTraffic": cluster.endpoint == "dns"},
            "ipEndpointsConfig": {"enabled": has_ip, **addresses},
        },
        "masterAuth": {"clusterCaCertificate": ca_data},
        "futureField": {"clients": "ignore what they do not know"},
    }


async def list_clusters(request: web.Request) -> web.StreamResponse:
    """Answer as the GKE API does."""
    name = request.match_info["project"]
    project = request.app[PROJECTS].get(name, GkeProject(fault="forbidden"))
    if project.fault == "hang":
        await asyncio.wait([asyncio.ensure_future(request.app[CLUSTERS].closing.wait())], timeout=60)
    request[IS_UNTYPICAL] = project.fault == "garbage"
    if project.fault == "garbage":
        return web.Response(text="<html>a proxy's page</html>", content_type="text/html")
    if project.fault in _REFUSALS:
        status, code, reason, message = _REFUSALS[project.fault]
        errors = [{"message": message, "domain": "global", "reason": reason}]
        error = {"code": status, "message": message, "errors": errors, "status": code}
        return web.json_response({"error": error}, status=status)
    ca_data = request.app[CA_DATA]
    are_enums_numbers = "enum-encoding=int" in request.query.get("$alt", "").split(";")
    documents = [
        _document(one, name, f"{request.host}/clusters/{one.name}", ca_data, are_enums_numbers)
        for one in project.clusters
    ]
    answer: dict[str, Any] = {"clusters": documents}
    if project.missing_zones:
        answer["missingZones"] = project.missing_zones
    return web.json_response(answer)


async def set_project(request: web.Request) -> web.Response:
    """Say what a project lists from now on."""
    project = msgspec.json.decode(await request.read(), type=GkeProject)
    request.app[PROJECTS][request.match_info["project"]] = project
    return web.json_response({"clusters": len(project.clusters)})


def routes() -> list[web.RouteDef]:
    """Return the routes: GKE's own, and the one that steers it."""
    return [
        web.get("/v1/projects/{project}/locations/-/clusters", list_clusters),
        web.put("/control/gke/{project}", set_project),
    ]
