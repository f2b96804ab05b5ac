"""Clusters: each that is named or discovered, by a real list of one item, as the collector would ask it."""

import datetime as dt
import ssl
import urllib.error
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from pedwatch.config import Cluster, Config
from pedwatch.doctor.findings import Finding
from pedwatch.observations.discovery import ProjectListing, find
from pedwatch.observations.intake.one_item import list_one
from pedwatch.observations.places import KnownCluster

AREA = "Cluster"
AT_ONCE = 10
_NETWORK = "run the doctor where the collector runs; else look at endpoint, ca_data and the authorised networks"
_RBAC = "kubectl apply -f deploy/rbac/replica-collector.yaml there, with the project replaced"
_SECONDS = 5.0


def name_findings(config: Config, known: Iterable[KnownCluster]) -> Iterator[Finding]:
    """Check that the names of discovered clusters can hold: alone, a name is unique in one project and location."""
    places = {f"{one.project}/{one.location}" for one in known}
    wide = config.discovery.projects if len(config.discovery.projects) > 1 else sorted(places)
    if config.discovery.names == "qualified" or len(wide) < 2:
        yield Finding("Cluster", "names of discovered clusters", "ok", f"names: {config.discovery.names}")
        return
    detail = f"names: name over {', '.join(wide[:5])}: two clusters may have one name, and the second is not watched"
    fix = "set discovery.names: qualified; clusters that are known keep the names they have"
    yield Finding("Cluster", "names of discovered clusters", "warning", detail, fix)


def discovered_findings(
    config: Config, list_project: Callable[[str], ProjectListing] | None, now: dt.datetime
) -> tuple[list[Finding], list[Cluster]]:
    """List the clusters of each project of ``discovery``; returns what that came to, and all clusters there are.

    Args:
        config: names clusters and projects.
        list_project: asks GKE; None where nothing is discovered.
        now: UTC.
    """
    findings, listings = [], []
    for project in config.discovery.projects if list_project else ():
        listing = list_project(project) if list_project else ProjectListing(project)
        listings.append(listing)
        what = f"clusters of {project}"
        if listing.error_class == "forbidden":
            fix = f"you need container.clusters.list in {project} (the custom role pedClusterLister)"
            findings.append(Finding(AREA, what, "denied", listing.error_message or "", fix))
        elif listing.error_class:
            findings.append(Finding(AREA, what, "failed", listing.error_class, listing.error_message or ""))
        else:
            findings.append(Finding(AREA, what, "ok", f"{len(listing.clusters)} listed"))
    return findings, list(find(config, listings, [], now).clusters)


def cluster_findings(clusters: Iterable[Cluster], token: Callable[[], str]) -> Iterator[Finding]:
    """Ask each cluster for one Deployment; a few at once, since a silent one takes its time.

    Args:
        clusters: named and discovered ones.
        token: returns what the collector would ask with; PermissionError where whoever asks may not become it.
    """
    there = list(clusters)
    once = _once(token) if any(cluster.auth == "google" for cluster in there) else token
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda cluster: _asked(cluster, once), there)


def _once(token: Callable[[], str]) -> Callable[[], str]:
    """Ask for the token now, and hand out what came of it, an error as well."""
    from google.auth.exceptions import GoogleAuthError

    try:
        found = token()
    except (PermissionError, GoogleAuthError) as error:
        refused = error

        def refuse() -> str:
            raise refused

        return refuse
    return lambda: found


def _asked(cluster: Cluster, token: Callable[[], str]) -> Finding:
    from google.auth.exceptions import GoogleAuthError
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException

    try:
        list_one(cluster, token)
    except ApiException as error:
        return _refused(cluster, error.status or 0, str(error.reason))
    except ConfigException as error:
        detail = "its address is in the collector's kubeconfig, and that context is not in yours"
        return Finding(AREA, cluster.name, "skipped", detail, str(error))
    except (PermissionError, GoogleAuthError) as error:
        return _without_a_token(cluster, str(error))
    except Exception as error:  # noqa: BLE001 no client of clusters shares a base class; whatever it is, others are asked
        if cluster.endpoint is None:
            return Finding(AREA, cluster.name, "skipped", "its address is in the collector's kubeconfig")
        reason = getattr(error, "reason", error)
        return Finding(AREA, cluster.name, "failed", f"{cluster.endpoint}: {reason}"[:200], _NETWORK)
    return Finding(AREA, cluster.name, "ok", "lists its Deployments")


def _refused(cluster: Cluster, status: int, reason: str) -> Finding:
    fix = {
        401: "the cluster does not know who asks: look at auth, and whether the endpoint is this project's cluster",
        403: _RBAC,
        404: "what answers there is no API server: correct endpoint",
    }.get(status, "look at the cluster's control plane")
    return Finding(AREA, cluster.name, "failed", f"HTTP {status} {reason}", fix)


def _without_a_token(cluster: Cluster, why: str) -> Finding:
    """Say at least whether somebody answers; what it would list, only the collector's identity can tell."""
    if cluster.endpoint is None:
        return Finding(AREA, cluster.name, "denied", "not asked", why)
    try:
        status = _answer(cluster, _SECONDS)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Finding(AREA, cluster.name, "failed", f"{cluster.endpoint}: {reason}"[:200], _NETWORK)
    return Finding(AREA, cluster.name, "denied", f"{cluster.endpoint} answers ({status} without credentials)", why)


def _answer(cluster: Cluster, timeout_seconds: float) -> int:
    assert cluster.endpoint is not None, "only clusters with an address are asked"
    context = ssl.create_default_context(cadata=b64decode(cluster.ca_data).decode() if cluster.ca_data else None)
    if cluster.ca_data:
        # Strict since Python 3.13; the authorities that clusters make for themselves often lack an extension it wants.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    try:
        with urllib.request.urlopen(
            f"{cluster.endpoint.rstrip('/')}/version", timeout=timeout_seconds, context=context
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return int(error.code)
