"""The fleet of a story: what GKE lists, cycle after cycle, and what discovery makes of it, as the watch does."""

import datetime as dt
from typing import Any

from pedwatch.config import Config
from pedwatch.observations.discovery import Found, ProjectListing, discovery_run, find, unaccepted_run
from pedwatch.observations.places import KnownCluster

Row = dict[str, Any]
_GKE: Row = {
    "name": "eu-prod-1",
    "project": "shop",
    "location": "europe-west1",
    "status": "RUNNING",
    "labels": {"environment": "prod"},
    "dns_endpoint": "eu.gke.goog",
    "private_endpoint": "",
    "ca_data": "",
}
# As observations/record_collection.sql writes it of a cluster that was watched lately.
_RETIRED: Row = {
    "environment": "prod",
    "status": "retired",
    "error_class": "watched_lately",
    "attempt_id": None,
    "deployments_listed": None,
    "hpas_listed": None,
}


class Fleet:
    """Finds a story's clusters; what is not said of one is that of ``eu-prod-1``, in the project ``shop``."""

    def __init__(self) -> None:
        self._known: list[KnownCluster] = []
        self._config: Row = {"discovery": {"projects": ["shop"]}, "retired_clusters": []}

    def cycle(self, cycle: dt.datetime, listed: list[Row], config: Row) -> tuple[list[Row], dict[str, str]]:
        """Return the rows of ``collection_runs``, and the environments of the clusters that were collected.

        ``config`` is ``discovery`` and ``retired_clusters`` as far as they change in this cycle, for good.
        """
        self._config = {
            "discovery": self._config["discovery"] | config.get("discovery", {}),
            "retired_clusters": config.get("retired_clusters", self._config["retired_clusters"]),
        }
        given = Config.model_validate(
            {
                "project": "p",
                "bucket": "evidence",
                "firestore": {"project": "p"},
                "collector": {"image": "i:1"},
                "clusters": [{"name": "own", "environment": "staging"}],
                "slack": {"platform_channel": "C0PLATFORM"},
                **self._config,
            }
        )
        raws = [_GKE | one for one in listed]
        listings = [
            ProjectListing(project, [raw for raw in raws if raw["project"] == project])
            for project in given.discovery.projects
        ]
        found = find(given, listings, self._known, cycle)
        self._known = found.known
        rows = _rows(found, listings, cycle) + [_RETIRED | {"cluster": name} for name in given.retired_clusters]
        return rows, {one.name: one.environment for one in found.clusters}


def _rows(found: Found, listings: list[ProjectListing], cycle: dt.datetime) -> list[Row]:
    written = [discovery_run(listing, found.undescribed, cycle, cycle) for listing in listings]
    written += [unaccepted_run(one, cycle, cycle) for one in found.unaccepted]
    # What discovery writes of itself names no attempt of a collector's.
    nobodys = {"attempt_id": "discovery", "deployments_listed": None, "hpas_listed": None}
    columns = ("cluster", "environment", "status", "error_class", "error_message")
    collected = [{"cluster": one.name, "environment": one.environment} for one in found.clusters if one.name != "own"]
    return collected + [{column: row[column] for column in columns} | nobodys for row in written]
