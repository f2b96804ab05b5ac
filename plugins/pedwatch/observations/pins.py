"""Where a discovered cluster is: pinned by its first sighting, moved by nothing but the configuration. Pure.

An alert's identity holds its cluster's name and environment. If a label or a namesake could change what they mean,
every alert of the cluster would end as "the workload is gone" while its pods run on (docs/decisions/0033).
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from pedwatch.config import AcceptedCluster, Cluster, Config
from pedwatch.discovered import Unsettled, qualifier

REMEMBERED = dt.timedelta(days=7)


class Place(NamedTuple):
    """What GKE itself tells clusters apart by."""

    project: str
    location: str
    name: str

    def __str__(self) -> str:
        return f"{self.project}/{self.location}"

    @property
    def qualified(self) -> str:
        """The name that no other cluster has."""
        return qualifier(self.project, self.location) + self.name


class Unaccepted(BaseModel):
    """Why a cluster is not collected until the configuration accepts where it is, and what to write there."""

    model_config = ConfigDict(frozen=True)

    outcome: Unsettled
    message: str


class KnownCluster(BaseModel):
    """A cluster as it was first seen, at the address GKE gave last; one that is ``ambiguous`` holds no pin."""

    model_config = ConfigDict(frozen=True)

    cluster: Cluster
    project: str
    location: str
    listed_at: dt.datetime = Field(description="Last cycle in which GKE listed it, or could not say that it did not")
    unaccepted: Unaccepted | None = None

    @property
    def place(self) -> Place:
        """Where it is pinned."""
        own = self.cluster.name.removeprefix(qualifier(self.project, self.location))
        return Place(self.project, self.location, own)


@dataclass(frozen=True)
class Listed:
    """What GKE lists in a cycle.

    Attributes:
        sightings: what is to be watched, by where it is; in the environment that its label says.
        standing: all that stand, also those that carry no label to be watched by.
        silent: projects of which not everything was told, so that absence proves nothing.
        undescribed: clusters that are there, whose description could not be used.
    """

    sightings: Mapping[Place, Cluster]
    standing: frozenset[Place] = frozenset()
    silent: frozenset[str] = frozenset()
    undescribed: frozenset[Place] = frozenset()

    def is_untold(self, place: Place) -> bool:
        """Whether it may be there although it is not among the sightings."""
        return place.project in self.silent or place in self.undescribed


@dataclass(frozen=True)
class Settled:
    """Which clusters are collected, which wait to be accepted, and what is known of all of them from now on."""

    clusters: list[Cluster]
    unaccepted: list[KnownCluster]
    known: list[KnownCluster]
    notes: list[str] = field(default_factory=list)


Newcomers = dict[str, dict[Place, KnownCluster]]


def settle(config: Config, listed: Listed, known: Iterable[KnownCluster], cycle: dt.datetime) -> Settled:
    """Hold what GKE lists against what was pinned and what the configuration accepts."""
    notes: list[str] = []
    pins, waiting = _divided(known)
    pins = _accepted(config, listed, pins, waiting, cycle, notes)
    newcomers = _newcomers(config, listed, pins, waiting, cycle)
    held = {one.cluster.name: place for place, one in pins.items()}
    for name in [name for name, group in newcomers.items() if name not in held and len(group) == 1]:
        pins |= newcomers.pop(name)
    settled: list[KnownCluster] = []
    for place, pin in pins.items():
        others = newcomers.get(pin.cluster.name, {})
        stays = _as_listed(config, listed, pin, others, cycle)
        if stays is None:
            continue
        if stays.unaccepted and stays.unaccepted.outcome == "moved" and place not in listed.sightings:
            newcomers.pop(pin.cluster.name, None)  # they are where it moved to, or may have: one word for all
        elif stays.listed_at < cycle and not stays.unaccepted and _is_collected(config, stays):
            notes.append(f"{pin.cluster.name} is no longer listed by GKE; asked at its last address")
        settled.append(stays)
    for name, group in newcomers.items():
        settled += [
            _ambiguous(one, [held[name]] if name in held else [p for p in group if p != place], name in held)
            for place, one in group.items()
        ]
    return _result(config, settled, notes)


def _divided(known: Iterable[KnownCluster]) -> tuple[dict[Place, KnownCluster], dict[Place, KnownCluster]]:
    """Separate what is pinned from what waits for a name of its own."""
    pins: dict[Place, KnownCluster] = {}
    waiting: dict[Place, KnownCluster] = {}
    for one in known:
        is_waiting = one.unaccepted is not None and one.unaccepted.outcome == "ambiguous"
        (waiting if is_waiting else pins)[one.place] = one
    return pins, waiting


def _accepted(
    config: Config,
    listed: Listed,
    pins: Mapping[Place, KnownCluster],
    waiting: Mapping[Place, KnownCluster],
    cycle: dt.datetime,
    notes: list[str],
) -> dict[Place, KnownCluster]:
    """Pin what the configuration accepts, under the name and environment it says; the name is no other's then."""
    pins = dict(pins)
    for entry in config.discovery.accept:
        place = _place_of(entry)
        before = pins.get(place) or waiting.get(place)
        cluster = listed.sightings.get(place) or (before.cluster if before else None)
        if cluster is None:
            notes.append(f"discovery.accept names {entry.name} in {place}, where GKE lists no {place.name}")
            continue
        pins = {other: pin for other, pin in pins.items() if pin.cluster.name != entry.name}
        pins[place] = KnownCluster(
            cluster=_named(cluster, entry.name, entry.environment),
            project=place.project,
            location=place.location,
            listed_at=before.listed_at if before and place not in listed.sightings else cycle,
        )
    return pins


def _newcomers(
    config: Config,
    listed: Listed,
    pins: Mapping[Place, KnownCluster],
    waiting: Mapping[Place, KnownCluster],
    cycle: dt.datetime,
) -> Newcomers:
    """Return what has no pin, by the name it would go by; also what waits and may only be untold in this cycle."""
    found: Newcomers = {}
    unseen = {place: one.cluster for place, one in waiting.items() if listed.is_untold(place)}
    left_alone = {*config.retired_clusters, *(cluster.name for cluster in config.clusters)}
    for place, cluster in sorted((unseen | dict(listed.sightings)).items()):
        if place in pins or place.qualified in left_alone:
            continue
        name = place.qualified if config.discovery.names == "qualified" else place.name
        one = KnownCluster(
            cluster=_named(cluster, name), project=place.project, location=place.location, listed_at=cycle
        )
        found.setdefault(name, {})[place] = one
    return found


def _as_listed(
    config: Config, listed: Listed, pin: KnownCluster, others: Mapping[Place, KnownCluster], cycle: dt.datetime
) -> KnownCluster | None:
    """Return what a pinned cluster is by this cycle's listing; None when it is forgotten."""
    name, place, sighting = pin.cluster.name, pin.place, listed.sightings.get(pin.place)
    configured = next((cluster for cluster in config.clusters if cluster.name == name), None)
    if configured is not None:
        pin = pin.model_copy(update={"cluster": _named(pin.cluster, name, configured.environment)})
    if sighting is not None:
        here = pin.model_copy(
            update={"cluster": _named(sighting, name, pin.cluster.environment), "listed_at": cycle, "unaccepted": None}
        )
        is_decided = configured is not None or any(_place_of(entry) == place for entry in config.discovery.accept)
        if is_decided or sighting.environment == pin.cluster.environment:
            return here
        return _unaccepted(here, "moved", _relabelled(here, sighting.environment, config.discovery.environment_label))
    if not _is_collected(config, pin):
        is_remembered = others or cycle - pin.listed_at < REMEMBERED
        return pin.model_copy(update={"unaccepted": None}) if is_remembered else None
    if place.project not in config.discovery.projects:
        return _unaccepted(pin.model_copy(update={"listed_at": cycle}), "project_removed", _removed(pin))
    if listed.is_untold(place):  # a week without being listed does not begin, nor is a word taken back
        return pin.model_copy(update={"listed_at": cycle})
    if others and place not in listed.standing:
        return _unaccepted(pin, "moved", _elsewhere(pin, others))
    is_remembered = others or cycle - pin.listed_at < REMEMBERED
    return pin.model_copy(update={"unaccepted": None}) if is_remembered else None


def _is_collected(config: Config, one: KnownCluster) -> bool:
    """Whether it is discovery's to collect: neither retired nor configured by name."""
    name = one.cluster.name
    return name not in config.retired_clusters and all(cluster.name != name for cluster in config.clusters)


def _result(config: Config, settled: list[KnownCluster], notes: list[str]) -> Settled:
    own = {one.cluster.name: one for one in reversed(settled) if _is_collected(config, one)}
    retired = set(config.retired_clusters)
    chosen = {name: one.cluster for name, one in own.items() if one.unaccepted is None}
    chosen |= {cluster.name: cluster for cluster in config.clusters if cluster.name not in retired}
    return Settled(
        [chosen[name] for name in sorted(chosen)],
        [own[name] for name in sorted(own) if own[name].unaccepted is not None],
        sorted(settled, key=lambda one: one.place),
        notes,
    )


def _place_of(entry: AcceptedCluster) -> Place:
    return Place(entry.project, entry.location, entry.own_name)


def _named(cluster: Cluster, name: str, environment: str | None = None) -> Cluster:
    return cluster.model_copy(update={"name": name, "environment": environment or cluster.environment})


def _unaccepted(one: KnownCluster, outcome: Unsettled, message: str) -> KnownCluster:
    return one.model_copy(update={"unaccepted": Unaccepted(outcome=outcome, message=message)})


def _line(name: str, environment: str, place: Place) -> str:
    """Return the line that accepts a cluster, as YAML."""
    entry = AcceptedCluster(name=name, environment=environment, project=place.project, location=place.location)
    written = ", ".join(f"{key}: {value}" for key, value in entry.model_dump().items())
    return f"discovery.accept: {{{written}}}"


def _relabelled(pin: KnownCluster, environment: str, label: str) -> str:
    name = pin.cluster.name
    return (
        f"{name} in {pin.place} was first seen in the environment {pin.cluster.environment}; by its resource label "
        f"{label} it is in {environment} now. Put the label back or, if {environment} is meant, add to "
        f"{_line(name, environment, pin.place)}"
    )


def _elsewhere(pin: KnownCluster, others: Mapping[Place, KnownCluster]) -> str:
    name, places = pin.cluster.name, sorted(others)
    line = _line(name, others[places[0]].cluster.environment, places[0])
    return (
        f"{name} was first seen in {pin.place}, where GKE lists it no longer; it lists one of that name in "
        f"{', '.join(map(str, places))}. If that is the one to watch, add to {line}"
    )


def _removed(pin: KnownCluster) -> str:
    return (
        f"{pin.cluster.name} was first seen in {pin.place}, and discovery.projects no longer names {pin.project}. "
        f"Put the project back, or add {pin.cluster.name} to retired_clusters"
    )


def _ambiguous(one: KnownCluster, others: Iterable[Place], is_held: bool) -> KnownCluster:
    """Let a newcomer wait, under the name that no other has."""
    place, qualified = one.place, one.place.qualified
    rivals = ", ".join(map(str, others))
    because = f"{place.name} is the one in {rivals}" if is_held else f"there is one in {rivals} too, none seen before"
    line = _line(qualified, one.cluster.environment, place)
    message = (
        f"{place.name} in {place} is not watched: {because}. Write discovery.names: qualified (clusters keep the names "
        f"they have), or add to {line}, or add {qualified} to retired_clusters"
    )
    return _unaccepted(one.model_copy(update={"cluster": _named(one.cluster, qualified)}), "ambiguous", message)
