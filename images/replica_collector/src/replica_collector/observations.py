"""One row per Deployment and per HPA: raw state, nothing judged (include/schemas/replica_observation.json)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from replica_collector.kubernetes_types import DEFAULT_MAX_SURGE, Deployment, Hpa, Strategy


class Label(Struct, frozen=True, gc=False):
    """A label that was asked for beside the two of the identity."""

    key: str
    value: str


class Observation(Struct, frozen=True, kw_only=True, gc=False):
    """The row; Deployments leave the ``hpa_`` columns null, HPAs the Deployment's."""

    cycle: datetime
    observed_at: datetime
    environment: str
    cluster: str
    namespace: str
    resource_type: Literal["deployment", "hpa"]
    name: str
    uid: str
    api_id: str | None
    team_id: str | None
    labels: list[Label]
    created_at: datetime | None
    generation: int | None = None
    observed_generation: int | None = None
    spec_replicas: int | None = None
    status_replicas: int | None = None
    updated_replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    unavailable_replicas: int | None = None
    max_surge: str | None = None
    paused: bool | None = None
    hpa_target_kind: str | None = None
    hpa_target_name: str | None = None
    hpa_min_replicas: int | None = None
    hpa_max_replicas: int | None = None
    hpa_current_replicas: int | None = None
    hpa_desired_replicas: int | None = None
    attempt_id: str

    def natural_key(self) -> tuple[datetime, str, str, str, str]:
        """What one cycle holds at most once per attempt."""
        return (self.cycle, self.cluster, self.namespace, self.resource_type, self.name)


@dataclass(frozen=True)
class Provenance:
    """What all rows of one cluster and attempt share; ``also`` are the further label keys, sorted."""

    cycle: datetime
    environment: str
    cluster: str
    attempt_id: str
    also: Sequence[str] = ()

    def observe(self, item: Deployment[Any] | Hpa[Any], observed_at: datetime) -> Observation:
        """Turn a listed object into its row."""
        return _deployment(self, item, observed_at) if isinstance(item, Deployment) else _hpa(self, item, observed_at)


_ENCODER = msgspec.json.Encoder()


def encode(rows: Iterable[Observation]) -> bytes:
    """Rows as NDJSON, each line ended by a newline."""
    return _ENCODER.encode_lines(rows)


def _deployment(origin: Provenance, item: Deployment[Any], observed_at: datetime) -> Observation:
    meta, spec, status = item.metadata, item.spec, item.status
    labels = meta.labels
    # Written out for both kinds: merging a dict of what they share would cost as much again as the row itself.
    return Observation(
        cycle=origin.cycle,
        observed_at=observed_at,
        environment=origin.environment,
        cluster=origin.cluster,
        namespace=meta.namespace,
        resource_type="deployment",
        name=meta.name,
        uid=meta.uid,
        api_id=labels.api_id if labels else None,
        team_id=labels.team_id if labels else None,
        labels=_labels(origin.also, labels) if origin.also and labels else [],
        created_at=_utc(meta.creation_timestamp),
        generation=meta.generation,
        observed_generation=status.observed_generation,
        spec_replicas=spec.replicas,
        status_replicas=status.replicas,
        updated_replicas=status.updated_replicas,
        ready_replicas=status.ready_replicas,
        available_replicas=status.available_replicas,
        unavailable_replicas=status.unavailable_replicas,
        max_surge=_max_surge(spec.strategy),
        paused=spec.paused,
        attempt_id=origin.attempt_id,
    )


def _hpa(origin: Provenance, item: Hpa[Any], observed_at: datetime) -> Observation:
    meta, spec, status = item.metadata, item.spec, item.status
    labels = meta.labels
    return Observation(
        cycle=origin.cycle,
        observed_at=observed_at,
        environment=origin.environment,
        cluster=origin.cluster,
        namespace=meta.namespace,
        resource_type="hpa",
        name=meta.name,
        uid=meta.uid,
        api_id=labels.api_id if labels else None,
        team_id=labels.team_id if labels else None,
        labels=_labels(origin.also, labels) if origin.also and labels else [],
        created_at=_utc(meta.creation_timestamp),
        hpa_target_kind=spec.scale_target_ref.kind,
        hpa_target_name=spec.scale_target_ref.name,
        hpa_min_replicas=spec.min_replicas,
        hpa_max_replicas=spec.max_replicas,
        hpa_current_replicas=status.current_replicas,
        hpa_desired_replicas=status.desired_replicas,
        attempt_id=origin.attempt_id,
    )


def _utc(moment: datetime | None) -> datetime | None:
    # The API server says UTC already; only another zone is worth a new object.
    return moment if moment is None or moment.tzinfo is UTC else moment.astimezone(UTC)


def _labels(also: Sequence[str], labels: Any) -> list[Label]:
    """The labels that are there, in the order of ``also``, which is that of the alphabet."""
    values = ((key, getattr(labels, f"also_{place}")) for place, key in enumerate(also))
    return [Label(key, value) for key, value in values if value is not None]


def _max_surge(strategy: Strategy) -> str | None:
    if strategy.type != "RollingUpdate":
        return None  # Recreate never surges
    return str(strategy.rolling_update.max_surge) if strategy.rolling_update else DEFAULT_MAX_SURGE
