"""The history of a target cluster's state: every list reads one unchanging snapshot, old ones fade as etcd compacts."""

import time
import uuid
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from sandbox.kubernetes.kinds import AUTOSCALER, ROLLOUT, WORKLOADS, Kind
from sandbox.kubernetes.workloads import Autoscaler, ClusterState, Workload

KEEP_SECONDS = 300.0  # what etcd keeps by default, so that long lists expire here as they do there
KEEP_SNAPSHOTS = 64
_UIDS = uuid.UUID("6f0b0f0e-6a5b-5d0a-9c55-7065646b3873")


@dataclass(frozen=True, slots=True)
class Item:
    """One workload as the cluster holds it: every default filled in, with its identity and version."""

    workload: Workload
    uid: str
    hpa_uid: str
    resource_version: int
    created_at: datetime


@dataclass(frozen=True)
class Shelf:
    """The items of one kind in the order etcd lists them: by the text ``namespace/name``."""

    keys: tuple[str, ...]
    items: tuple[Item, ...]

    def span(self, namespace: str | None) -> tuple[int, int]:
        """Return the index range of a namespace, or of everything."""
        if namespace is None:
            return 0, len(self.keys)
        return bisect_left(self.keys, f"{namespace}/"), bisect_left(self.keys, f"{namespace}0")  # "0" follows "/"

    def find(self, namespace: str, name: str) -> Item | None:
        """Return one item by name."""
        key = f"{namespace}/{name}"
        index = bisect_left(self.keys, key)
        return self.items[index] if index < len(self.keys) and self.keys[index] == key else None


@dataclass(frozen=True)
class Snapshot:
    """The whole cluster at one resource version."""

    version: int
    taken: float
    shelves: dict[Kind, Shelf]

    @property
    def namespaces(self) -> set[str]:
        """Return the namespaces that hold at least one object."""
        return {item.workload.namespace for shelf in self.shelves.values() for item in shelf.items}


def _shelf(named: list[tuple[str, Item]]) -> Shelf:
    named.sort(key=lambda pair: pair[0])
    return Shelf(tuple(key for key, _ in named), tuple(item for _, item in named))


def _filled(workload: Workload, previous: Workload | None) -> Workload:
    """Fill the defaults: a workload at rest, whose generation moves when what was asked of it moves."""
    asked = workload.spec_replicas
    generation = workload.generation
    if generation is None:
        unchanged = previous is None or _spec(previous) == _spec(workload)
        generation = ((previous and previous.generation) or 1) + (0 if unchanged else 1)
    hpa = workload.hpa
    if hpa is not None:
        hpa = msgspec.structs.replace(
            hpa,
            name=hpa.name or workload.name,
            # Of a target that it cannot read, an HPA has what it last wrote; which may be nothing.
            current=asked if hpa.current is None and hpa.is_able_to_scale else hpa.current,
            desired=asked if hpa.desired is None else hpa.desired,
            target_kind=hpa.target_kind or ("Deployment" if workload.kind == AUTOSCALER.kind else workload.kind),
            target_name=hpa.target_name or workload.name,
        )
    status = asked if workload.status_replicas is None else workload.status_replicas
    counts = {
        name: status if getattr(workload, name) is None else getattr(workload, name)
        for name in ("updated_replicas", "ready_replicas", "available_replicas")
    }
    observed = generation if workload.observed_generation is None else workload.observed_generation
    return msgspec.structs.replace(
        workload, status_replicas=status, generation=generation, observed_generation=observed, hpa=hpa, **counts
    )


def _spec(workload: Workload) -> tuple[object, ...]:
    return workload.spec_replicas, workload.paused, workload.max_surge, workload.strategy


@dataclass
class History:
    """The snapshots of one cluster, and which incarnation of each name is alive."""

    cluster: str
    next_version: Callable[[], int]
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    has_rollouts: bool = False  # whether Argo Rollouts was ever installed: before that its API is not served
    _alive: dict[tuple[str, str, str], Item] = field(default_factory=dict)
    _incarnations: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _asked: dict[tuple[str, str, str], Workload] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin empty."""
        self.replace(ClusterState(workloads=()))

    @property
    def latest(self) -> Snapshot:
        """Return the snapshot that a new list reads."""
        return next(reversed(self.snapshots.values()))

    def at(self, version: int) -> Snapshot | None:
        """Return the snapshot of a version that a client still holds, or None when it has expired."""
        self._compact()
        return self.snapshots.get(version)

    def replace(self, state: ClusterState) -> Snapshot:
        """Make ``state`` all there is; untouched objects keep identity and version, vanished ones are gone."""
        version = self.next_version()
        alive = {workload.key: self._item(workload, version) for workload in state.workloads}
        self._alive = alive
        self._asked = {workload.key: workload for workload in state.workloads}
        listed: dict[str, list[tuple[str, Item]]] = {kind.kind: [] for kind in (*WORKLOADS, AUTOSCALER)}
        for item in alive.values():
            workload = item.workload
            if workload.kind in listed and workload.kind != AUTOSCALER.kind:
                listed[workload.kind].append((f"{workload.namespace}/{workload.name}", item))
            if workload.hpa:
                listed[AUTOSCALER.kind].append((f"{workload.namespace}/{workload.hpa.name}", item))
        self.has_rollouts = self.has_rollouts or bool(listed[ROLLOUT.kind])
        shelves = {kind: _shelf(listed[kind.kind]) for kind in (*WORKLOADS, AUTOSCALER)}
        self.snapshots[version] = Snapshot(version, time.monotonic(), shelves)
        self._compact()
        return self.latest

    def _item(self, asked: Workload, version: int) -> Item:
        before = self._alive.get(asked.key)
        if before and self._asked.get(asked.key) == asked:
            return before
        seen = self._incarnations.get(asked.key, 0)
        incarnation = asked.incarnation or (seen if before else seen + 1)
        is_same = before is not None and incarnation == seen
        self._incarnations[asked.key] = incarnation
        uid = self._uid(asked.kind, asked.namespace, asked.name, incarnation)
        hpa_name = asked.hpa.name if asked.hpa and asked.hpa.name else asked.name
        hpa_uid = self._uid(AUTOSCALER.kind, asked.namespace, hpa_name, incarnation)
        created = asked.created_at
        if created is None:
            created = before.created_at if is_same and before else _birth(uid, incarnation)
        filled = _filled(asked, before.workload if is_same and before else None)
        return Item(filled, uid, hpa_uid, version, created.astimezone(UTC))

    def _uid(self, *parts: object) -> str:
        return str(uuid.uuid5(_UIDS, "/".join(map(str, (self.cluster, *parts)))))

    def _compact(self) -> None:
        """Forget snapshots past their time; the latest always stays."""
        oldest = time.monotonic() - KEEP_SECONDS
        versions = list(self.snapshots)
        for position, version in enumerate(versions[:-1]):
            # A snapshot is current until its successor is taken: only then does its time begin to run.
            replaced = self.snapshots[versions[position + 1]].taken
            if replaced < oldest or len(self.snapshots) > KEEP_SNAPSHOTS:
                del self.snapshots[version]


def _birth(uid: str, incarnation: int) -> datetime:
    """Return when an object was made: the first of its name long ago (and always the same), later ones just now."""
    if incarnation > 1:
        return datetime.now(UTC).replace(microsecond=0)
    return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=int(uid[:8], 16) % 25_000_000)


def autoscaler_of(item: Item) -> Autoscaler:
    """Return the autoscaler of an item that lies on the autoscalers' shelf."""
    assert item.workload.hpa is not None
    return item.workload.hpa
