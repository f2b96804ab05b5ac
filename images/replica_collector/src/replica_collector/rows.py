"""Turns a listed object of each kind into its row."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Raw

from replica_collector.kubernetes_objects import (
    DEFAULT_MAX_SURGE,
    Condition,
    Deployment,
    Hpa,
    Rollout,
    StatefulSet,
    Strategy,
)
from replica_collector.observations import Label, Observation, Provenance

_DEADLINE = b"ProgressDeadlineExceeded"
_CONDITIONS = msgspec.json.Decoder(tuple[Condition, ...] | None)
_UNSAID = Condition("", "")

# Each kind is written out: merging a dict of what they share would cost as much again as the row itself.


def _deployment(origin: Provenance, item: Deployment[Any], observed_at: datetime) -> Observation:
    meta, spec, status = item.metadata, item.spec, item.status
    labels = meta.labels
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
        deleted_at=_utc(meta.deletion_timestamp),
        generation=meta.generation,
        observed_generation=status.observed_generation,
        spec_replicas=spec.replicas,
        status_replicas=status.replicas,
        updated_replicas=status.updated_replicas,
        ready_replicas=status.ready_replicas,
        available_replicas=status.available_replicas,
        unavailable_replicas=status.unavailable_replicas,
        terminating_replicas=status.terminating_replicas,
        strategy=spec.strategy.type,
        max_surge=_max_surge(spec.strategy),
        paused=spec.paused,
        is_past_deadline=_is_past_deadline(status.conditions),
        attempt_id=origin.attempt_id,
    )


def _stateful_set(origin: Provenance, item: StatefulSet[Any], observed_at: datetime) -> Observation:
    meta, spec, status = item.metadata, item.spec, item.status
    labels = meta.labels
    return Observation(
        cycle=origin.cycle,
        observed_at=observed_at,
        environment=origin.environment,
        cluster=origin.cluster,
        namespace=meta.namespace,
        resource_type="statefulset",
        name=meta.name,
        uid=meta.uid,
        api_id=labels.api_id if labels else None,
        team_id=labels.team_id if labels else None,
        labels=_labels(origin.also, labels) if origin.also and labels else [],
        created_at=_utc(meta.creation_timestamp),
        deleted_at=_utc(meta.deletion_timestamp),
        generation=meta.generation,
        observed_generation=status.observed_generation,
        spec_replicas=spec.replicas,
        status_replicas=status.replicas,
        updated_replicas=status.updated_replicas,
        ready_replicas=status.ready_replicas,
        available_replicas=status.available_replicas,
        strategy=spec.update_strategy.type,
        attempt_id=origin.attempt_id,
    )


def _rollout(origin: Provenance, item: Rollout[Any], observed_at: datetime) -> Observation:
    meta, spec, status = item.metadata, item.spec, item.status
    labels, canary, taken = meta.labels, spec.strategy.canary, spec.workload_ref
    return Observation(
        cycle=origin.cycle,
        observed_at=observed_at,
        environment=origin.environment,
        cluster=origin.cluster,
        namespace=meta.namespace,
        resource_type="rollout",
        name=meta.name,
        uid=meta.uid,
        api_id=labels.api_id if labels else None,
        team_id=labels.team_id if labels else None,
        labels=_labels(origin.also, labels) if origin.also and labels else [],
        created_at=_utc(meta.creation_timestamp),
        deleted_at=_utc(meta.deletion_timestamp),
        generation=meta.generation,
        observed_generation=_number(status.observed_generation),
        # Its controller takes 1 where nothing is written, and writes it into the object.
        spec_replicas=1 if spec.replicas is None else spec.replicas,
        status_replicas=status.replicas,
        updated_replicas=status.updated_replicas,
        ready_replicas=status.ready_replicas,
        available_replicas=status.available_replicas,
        strategy="BlueGreen" if spec.strategy.blue_green else "Canary" if canary else None,
        max_surge=None if canary is None or canary.max_surge is None else str(canary.max_surge),
        paused=spec.paused,
        is_past_deadline=_is_past_deadline(status.conditions),
        workload_ref_kind=taken.kind if taken else None,
        workload_ref_name=taken.name if taken else None,
        workload_ref_scale_down=taken.scale_down if taken else None,
        attempt_id=origin.attempt_id,
    )


def _hpa(origin: Provenance, item: Hpa[Any], observed_at: datetime) -> Observation:
    meta, spec, status = item.metadata, item.spec, item.status
    labels, target = meta.labels, spec.scale_target_ref
    able = active = _UNSAID
    for condition in status.conditions or ():
        if condition.type == "AbleToScale":
            able = condition
        elif condition.type == "ScalingActive":
            active = condition
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
        deleted_at=_utc(meta.deletion_timestamp),
        hpa_target_api_version=target.api_version,
        hpa_target_kind=target.kind,
        hpa_target_name=target.name,
        hpa_min_replicas=spec.min_replicas,
        hpa_max_replicas=spec.max_replicas,
        hpa_current_replicas=status.current_replicas,
        hpa_desired_replicas=status.desired_replicas,
        hpa_able_to_scale=able.status or None,
        hpa_able_to_scale_reason=able.reason,
        hpa_scaling_active=active.status or None,
        hpa_scaling_active_reason=active.reason,
        attempt_id=origin.attempt_id,
    )


_ROWS: dict[type, Callable[[Provenance, Any, datetime], Observation]] = {
    Deployment: _deployment,
    StatefulSet: _stateful_set,
    Rollout: _rollout,
    Hpa: _hpa,
}


def observe(origin: Provenance, items: Sequence[Any], observed_at: datetime) -> list[Observation]:
    """Turn the listed objects of one page into rows."""
    if not items:
        return []
    row = _ROWS[type(items[0])]
    return [row(origin, item, observed_at) for item in items]


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


def _is_past_deadline(conditions: Raw) -> bool:
    """Whether Progressing is False for this reason; what does not hold the word at all is not even decoded."""
    if _DEADLINE not in bytes(conditions):
        return False
    return any(
        condition.type == "Progressing" and condition.status == "False" and condition.reason == _DEADLINE.decode()
        for condition in _CONDITIONS.decode(conditions) or ()
    )


def _number(generation: str | int | None) -> int | None:
    """A Rollout's generation is a number as text; old versions wrote a hash; what is none tells nothing."""
    written = str(generation)
    return int(written) if written.isdecimal() and written.isascii() and len(written) < 19 else None
