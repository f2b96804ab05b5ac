"""Clusters that wait until the configuration accepts where they are: why, and the line that accepts each. Pure."""

from collections.abc import Iterable, Mapping

from pedwatch.cluster_names import Unsettled
from pedwatch.config import AcceptedCluster, Cluster
from pedwatch.observations.places import KnownCluster, Place, Unaccepted


def named(cluster: Cluster, name: str, environment: str | None = None) -> Cluster:
    """Return a cluster under another name, and in another environment where one is given."""
    return cluster.model_copy(update={"name": name, "environment": environment or cluster.environment})


def unaccepted(one: KnownCluster, outcome: Unsettled, message: str) -> KnownCluster:
    """Let a cluster wait, and say why."""
    return one.model_copy(update={"unaccepted": Unaccepted(outcome=outcome, message=message)})


def _line(name: str, environment: str, place: Place) -> str:
    """Return the line that accepts a cluster, as YAML."""
    entry = AcceptedCluster(name=name, environment=environment, project=place.project, location=place.location)
    written = ", ".join(f"{key}: {value}" for key, value in entry.model_dump().items())
    return f"discovery.accept: {{{written}}}"


def relabelled(pin: KnownCluster, environment: str, label: str) -> str:
    """Say that a cluster's label names another environment than the one it is pinned in."""
    name = pin.cluster.name
    return (
        f"{name} in {pin.place} was first seen in the environment {pin.cluster.environment}; by its resource label "
        f"{label} it is in {environment} now. Put the label back or, if {environment} is meant, add to "
        f"{_line(name, environment, pin.place)}"
    )


def elsewhere(pin: KnownCluster, others: Mapping[Place, KnownCluster]) -> str:
    """Say that a cluster is gone from where it is pinned, and where others of its name are."""
    name, places = pin.cluster.name, sorted(others)
    line = _line(name, others[places[0]].cluster.environment, places[0])
    return (
        f"{name} was first seen in {pin.place}, where GKE lists it no longer; it lists one of that name in "
        f"{', '.join(map(str, places))}. If that is the one to watch, add to {line}"
    )


def removed(pin: KnownCluster) -> str:
    """Say that the project of a pinned cluster is not looked into any more."""
    return (
        f"{pin.cluster.name} was first seen in {pin.place}, and discovery.projects no longer names {pin.project}. "
        f"Put the project back, or add {pin.cluster.name} to retired_clusters"
    )


def ambiguous(one: KnownCluster, others: Iterable[Place], is_held: bool) -> KnownCluster:
    """Let a newcomer wait, under the name that no other has."""
    place, qualified = one.place, one.place.qualified
    rivals = ", ".join(map(str, others))
    because = f"{place.name} is the one in {rivals}" if is_held else f"there is one in {rivals} too, none seen before"
    line = _line(qualified, one.cluster.environment, place)
    message = (
        f"{place.name} in {place} is not watched: {because}. Write discovery.names: qualified (clusters keep the names "
        f"they have), or add to {line}, or add {qualified} to retired_clusters"
    )
    return unaccepted(one.model_copy(update={"cluster": named(one.cluster, qualified)}), "ambiguous", message)
