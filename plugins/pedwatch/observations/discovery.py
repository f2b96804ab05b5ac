"""Which clusters are watched: those configured, those GKE lists, and those it listed lately. Pure.

A cluster that GKE no longer lists is not taken for gone: for a week it is asked at its last address, so that it fails
visibly, or is still seen if somebody only took a label off it. Retiring it by name ends that (DESIGN D5).
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pedwatch.config import Cluster, Config, Discovery

_MESSAGE = 500
REMEMBERED = dt.timedelta(days=7)
ENVIRONMENT = "discovery"
"""Environment of the rows that say how discovery itself went; no workload is in it."""

# A cluster that is being made has no API yet; one that is being deleted is not found any more, and said so.
_NOT_YET_OR_NO_MORE = ("PROVISIONING", "STOPPING")
# As of GKE's v1. Any other is watched too: a status that is new to us says nothing about the cluster's replicas.
_STATUSES = ("PROVISIONING", "RUNNING", "RECONCILING", "STOPPING", "ERROR", "DEGRADED")


class KnownCluster(BaseModel):
    """A cluster as GKE last described it."""

    model_config = ConfigDict(frozen=True)

    cluster: Cluster
    project: str
    location: str
    listed_at: dt.datetime = Field(description="Last cycle in which GKE listed it, or could not say that it did not")


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
    """What GKE answered for one project: clusters as plain dicts (see ``pedwatch.hooks.gke``), or why not."""

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
    known: list[KnownCluster] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    undescribed: list[Undescribed] = field(default_factory=list)


def run_name(project: str) -> str:
    """Return the name under which the discovery of a project is in ``collection_runs``."""
    return f"discovery_{_plain(project)}"


def find(
    config: Config, listings: Iterable[ProjectListing], known: Iterable[KnownCluster], cycle: dt.datetime
) -> Found:
    """Put together the clusters of a cycle; a configured one goes before a discovered one of its name."""
    notes: list[str] = []
    listed: dict[str, KnownCluster] = {}
    undescribed: list[Undescribed] = []
    silent: set[str] = set()
    for listing in sorted(listings, key=lambda listing: listing.project):
        if listing.error_class or listing.missing_zones:
            silent.add(listing.project)
        undescribed += listing.undescribed
        for raw in sorted(listing.clusters, key=lambda raw: (raw["location"], raw["name"])):
            if raw["status"] in _NOT_YET_OR_NO_MORE or not _is_wanted(raw, config.discovery):
                continue
            if raw["status"] not in _STATUSES:
                notes.append(
                    f"{listing.project}/{raw['location']}/{raw['name']} is watched in status {raw['status']}, "
                    "which pedwatch does not know"
                )
            try:
                one = _described(raw, listing.project, config.discovery, cycle)
            except ValidationError as error:
                reason = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in error.errors())
                undescribed.append(Undescribed(listing.project, raw["location"], raw["name"], reason))
                continue
            taken = listed.setdefault(one.cluster.name, one)
            if taken is not one:
                notes.append(
                    f"{listing.project}/{raw['location']}/{raw['name']} is not watched: {one.cluster.name} is also the "
                    f"name of a cluster in {taken.project}/{taken.location}. Set discovery.names to qualified."
                )
    unclear = {(odd.project, _name(odd.project, odd.location, odd.name, config.discovery)) for odd in undescribed}

    def is_untold(one: KnownCluster) -> bool:
        return one.project in silent or (one.project, one.cluster.name) in unclear

    remembered = {
        # Where GKE did not tell everything, a week without being listed does not begin.
        one.cluster.name: one.model_copy(update={"listed_at": cycle}) if is_untold(one) else one
        for one in known
        if one.project in config.discovery.projects and cycle - one.listed_at < REMEMBERED
    }
    unlisted = [name for name in sorted(remembered.keys() - listed.keys()) if not is_untold(remembered[name])]
    notes += [f"{name} is no longer listed by GKE; asked at its last address" for name in unlisted]
    discovered = remembered | listed
    configured = {cluster.name: cluster for cluster in config.clusters}
    chosen = {name: one.cluster for name, one in discovered.items()} | configured
    retired = set(config.retired_clusters)
    return Found(
        [chosen[name] for name in sorted(chosen) if name not in retired],
        [discovered[name] for name in sorted(discovered) if name not in retired],
        notes,
        undescribed,
    )


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
    return {
        "cycle": cycle,
        "cluster": run_name(listing.project),
        "environment": ENVIRONMENT,
        "attempt_id": f"discovery-{at:%Y%m%dT%H%M%SZ}",
        "status": status,
        "error_class": error_class,
        "error_message": message,
        "started_at": at,
        "finished_at": at,
        "row_count": 0,
    }


def _is_wanted(raw: Mapping[str, Any], discovery: Discovery) -> bool:
    return all(raw["labels"].get(key) == value for key, value in discovery.labels.items())


def _described(raw: Mapping[str, Any], project: str, discovery: Discovery, cycle: dt.datetime) -> KnownCluster:
    """Turn GKE's description into a cluster to collect; without a usable address it fails visibly, by itself."""
    dns, private = raw["dns_endpoint"], raw["private_endpoint"]
    is_dns = bool(dns) and (discovery.endpoint == "dns" or not private)
    environment = _plain(raw["labels"].get(discovery.environment_label, "")) or discovery.environment
    cluster = Cluster(
        name=_name(project, raw["location"], raw["name"], discovery),
        environment=environment,
        endpoint=dns if is_dns else private or None,
        # The DNS endpoint has a certificate of a public authority; the address one of the cluster's own.
        ca_data=None if is_dns else raw["ca_data"] or None,
        auth=discovery.auth,
        context=raw["name"] if discovery.auth == "kubeconfig" else None,
    )
    return KnownCluster(cluster=cluster, project=project, location=raw["location"], listed_at=cycle)


def _name(project: str, location: str, name: str, discovery: Discovery) -> str:
    return f"{_plain(project)}_{location}_{name}" if discovery.names == "qualified" else name


def _plain(text: str) -> str:
    """Return text with only what names are made of: a project may be ``example.com:shop``."""
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
