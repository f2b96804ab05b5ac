"""Which clusters are watched: those configured, those GKE lists, and those it listed lately. Pure.

A cluster that GKE no longer lists is not taken for gone: for a week it is asked at its last address, so that it fails
visibly, or is still seen if somebody only took a label off it. Retiring it by name ends that (docs/decisions/0045).
What its name and environment are is decided by ``pedwatch.observations.pins``.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from pedwatch.cluster_names import ENVIRONMENT, plain_name
from pedwatch.config import Cluster, Config, Discovery
from pedwatch.observations.pins import settle
from pedwatch.observations.places import KnownCluster, Listed, Place

_MESSAGE = 500

# A cluster that is being made has no API yet; one that is being deleted is not found any more, and said so.
_NOT_YET_OR_NO_MORE = ("PROVISIONING", "STOPPING")
# As of GKE's v1. Any other is watched too: a status that is new to us says nothing about the cluster's replicas.
_STATUSES = ("PROVISIONING", "RUNNING", "RECONCILING", "STOPPING", "ERROR", "DEGRADED")


@dataclass(frozen=True)
class Undescribed:
    """A cluster that GKE lists and whose description could not be used: it is known by its name alone."""

    project: str
    location: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.location}/{self.name} ({self.reason})"


@dataclass(frozen=True)
class ProjectListing:
    """What GKE answered for one project: clusters as plain dicts (``observations/intake/gke.py``), or why not."""

    project: str
    clusters: Sequence[Mapping[str, Any]] = ()
    missing_zones: Sequence[str] = ()
    undescribed: Sequence[Undescribed] = ()
    error_class: str | None = None
    error_message: str | None = None


@dataclass(frozen=True)
class Found:
    """The clusters of a cycle, what to remember of them, and what to say about how they were found."""

    clusters: list[Cluster]
    unaccepted: list[KnownCluster] = field(default_factory=list)
    known: list[KnownCluster] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    undescribed: list[Undescribed] = field(default_factory=list)


def run_name(project: str) -> str:
    """Return the name under which the discovery of a project is in ``collection_runs``."""
    return f"discovery_{plain_name(project)}"


def find(
    config: Config, listings: Iterable[ProjectListing], known: Iterable[KnownCluster], cycle: dt.datetime
) -> Found:
    """Put together the clusters of a cycle; a configured one goes before a discovered one of its name."""
    notes: list[str] = []
    sightings: dict[Place, Cluster] = {}
    standing: set[Place] = set()
    undescribed: list[Undescribed] = []
    silent: set[str] = set()
    for listing in sorted(listings, key=lambda listing: listing.project):
        if listing.error_class or listing.missing_zones:
            silent.add(listing.project)
        undescribed += listing.undescribed
        for raw in sorted(listing.clusters, key=lambda raw: (raw["location"], raw["name"])):
            if raw["status"] in _NOT_YET_OR_NO_MORE:
                continue
            place = Place(listing.project, raw["location"], raw["name"])
            standing.add(place)
            if not _is_wanted(raw, config.discovery):
                continue
            if raw["status"] not in _STATUSES:
                notes.append(f"{place}/{place.name} is watched in status {raw['status']}, which pedwatch does not know")
            try:
                sightings[place] = _described(raw, place, config.discovery)
            except ValidationError as error:
                reason = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in error.errors())
                undescribed.append(Undescribed(*place, reason))
    odd = frozenset(Place(one.project, one.location, one.name) for one in undescribed)
    listed = Listed(sightings, frozenset(standing), frozenset(silent), odd)
    settled = settle(config, listed, known, cycle)
    return Found(settled.clusters, settled.unaccepted, settled.known, notes + settled.notes, undescribed)


def discovery_run(
    listing: ProjectListing, undescribed: Iterable[Undescribed], cycle: dt.datetime, at: dt.datetime
) -> dict[str, Any]:
    """Return the ``collection_runs`` row of a project's discovery, as a manifest of one attempt.

    ``undescribed`` is what ``find`` could not use, of any project.
    """
    odd = [one for one in undescribed if one.project == listing.project]
    if listing.error_class:
        status, error_class, message = "failed", listing.error_class, listing.error_message
    elif listing.missing_zones:
        zones = ", ".join(sorted(listing.missing_zones))
        status, error_class = "partial", "missing_zones"
        message = f"GKE could not tell which clusters there are in {zones}; those known before are asked all the same"
    elif odd:
        status, error_class = "partial", "undescribed"
        message = f"not watched unless known before: {', '.join(map(str, odd))}"[:_MESSAGE]
    else:
        status, error_class, message = "complete", None, None
    told = {"status": status, "error_class": error_class, "error_message": message}
    return _run(run_name(listing.project), ENVIRONMENT, cycle, at) | told


def unaccepted_run(one: KnownCluster, cycle: dt.datetime, at: dt.datetime) -> dict[str, Any]:
    """Return the ``collection_runs`` row of a cluster that waits to be accepted: nothing of it is known."""
    assert one.unaccepted is not None, "only these have a row of discovery's"
    told = {"status": "failed", "error_class": one.unaccepted.outcome, "error_message": one.unaccepted.message}
    return _run(one.cluster.name, one.cluster.environment, cycle, at) | told


def _run(name: str, environment: str, cycle: dt.datetime, at: dt.datetime) -> dict[str, Any]:
    return {
        "cycle": cycle,
        "cluster": name,
        "environment": environment,
        "attempt_id": f"discovery-{at:%Y%m%dT%H%M%SZ}",
        "started_at": at,
        "finished_at": at,
        "row_count": 0,
    }


def _is_wanted(raw: Mapping[str, Any], discovery: Discovery) -> bool:
    return all(raw["labels"].get(key) == value for key, value in discovery.labels.items())


def _described(raw: Mapping[str, Any], place: Place, discovery: Discovery) -> Cluster:
    """Turn GKE's description into a cluster to collect; without a usable address it fails visibly, by itself.

    It has the longest name it may go by.
    """
    dns, private = raw["dns_endpoint"], raw["private_endpoint"]
    is_dns = bool(dns) and (discovery.endpoint == "dns" or not private)
    return Cluster(
        name=place.qualified,
        environment=plain_name(raw["labels"].get(discovery.environment_label, "")) or discovery.environment,
        endpoint=dns if is_dns else private or None,
        # The DNS endpoint has a certificate of a public authority; the address one of the cluster's own.
        ca_data=None if is_dns else raw["ca_data"] or None,
        auth=discovery.auth,
        context=raw["name"] if discovery.auth == "kubeconfig" else None,
    )
