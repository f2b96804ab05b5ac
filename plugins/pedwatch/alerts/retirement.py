"""What is retired by name in a cycle, and what of that ends. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pedwatch.alerts.episodes import Subject
from pedwatch.alerts.observed import SubjectObservation

RETIRED = "retired"
"""Status of a cluster that is retired by name, in ``collection_runs``."""


@dataclass(frozen=True)
class Retired:
    """What is retired by name in a cycle: clusters by environment, and the environments in which all are."""

    clusters: Mapping[str, tuple[str, ...]]
    environments: frozenset[str]

    def ended(self, subject: Subject) -> bool:
        """Tell whether nothing is expected of a subject any more."""
        if subject.scope == "total":
            return subject.environment in self.environments
        return any(subject.cluster in names for names in self.clusters.values())

    def known_to(self, item: SubjectObservation) -> SubjectObservation:
        """Say of a sum over clusters which of its environment are retired."""
        if item.subject.scope != "total":
            return item
        names = self.clusters.get(item.subject.environment or "", ())
        return replace(item, observation=replace(item.observation, retired_clusters=names))


NOTHING_RETIRED = Retired({}, frozenset())


def retired_in(rows: Iterable[Mapping[str, Any]]) -> dict[dt.datetime, Retired]:
    """Read what is retired in each cycle from rows of ``collection_runs``: cycle, cluster, environment, status."""
    clusters: dict[dt.datetime, dict[str, list[str]]] = {}
    watched: dict[dt.datetime, set[str]] = {}
    for row in rows:
        if row["status"] == RETIRED:
            clusters.setdefault(row["cycle"], {}).setdefault(row["environment"], []).append(row["cluster"])
        else:
            watched.setdefault(row["cycle"], set()).add(row["environment"])
    return {
        cycle: Retired(
            {environment: tuple(sorted(names)) for environment, names in found.items()},
            frozenset(found.keys() - watched.get(cycle, set())),
        )
        for cycle, found in clusters.items()
    }
