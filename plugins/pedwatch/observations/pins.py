"""Where a discovered cluster is: pinned by its first sighting, moved by nothing but the configuration. Pure.

An alert's identity holds its cluster's name and environment. If a label or a namesake could change what they mean,
every alert of the cluster would end as "the workload is gone" while its pods run on (docs/decisions/0033).
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pedwatch.config import AcceptedCluster, Cluster, Config
from pedwatch.observations.places import KnownCluster, Listed, Place
from pedwatch.observations.unaccepted import ambiguous, elsewhere, named, relabelled, removed, unaccepted

REMEMBERED = dt.timedelta(days=7)


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
            ambiguous(one, [held[name]] if name in held else [p for p in group if p != place], name in held)
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
            cluster=named(cluster, entry.name, entry.environment),
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
            cluster=named(cluster, name), project=place.project, location=place.location, listed_at=cycle
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
        pin = pin.model_copy(update={"cluster": named(pin.cluster, name, configured.environment)})
    if sighting is not None:
        here = pin.model_copy(
            update={"cluster": named(sighting, name, pin.cluster.environment), "listed_at": cycle, "unaccepted": None}
        )
        is_decided = configured is not None or any(_place_of(entry) == place for entry in config.discovery.accept)
        if is_decided or sighting.environment == pin.cluster.environment:
            return here
        return unaccepted(here, "moved", relabelled(here, sighting.environment, config.discovery.environment_label))
    if not _is_collected(config, pin):
        is_remembered = others or cycle - pin.listed_at < REMEMBERED
        return pin.model_copy(update={"unaccepted": None}) if is_remembered else None
    if place.project not in config.discovery.projects:
        return unaccepted(pin.model_copy(update={"listed_at": cycle}), "project_removed", removed(pin))
    if listed.is_untold(place):  # a week without being listed does not begin, nor is a word taken back
        return pin.model_copy(update={"listed_at": cycle})
    if others and place not in listed.standing:
        return unaccepted(pin, "moved", elsewhere(pin, others))
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
