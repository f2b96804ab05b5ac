"""The row: raw state of one object in one cycle, nothing judged (include/schemas/replica_observation.json)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct


class Label(Struct, frozen=True, gc=False):
    """A label that was asked for beside the two of the identity."""

    key: str
    value: str


class Observation(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The row; what is null, as are the columns of the other kinds, is left out of it."""

    cycle: datetime
    observed_at: datetime
    environment: str
    cluster: str
    namespace: str
    resource_type: Literal["deployment", "statefulset", "rollout", "hpa"]
    name: str
    uid: str
    api_id: str | None = None
    team_id: str | None = None
    labels: list[Label] = []
    created_at: datetime | None = None
    deleted_at: datetime | None = None
    generation: int | None = None
    observed_generation: int | None = None
    spec_replicas: int | None = None
    status_replicas: int | None = None
    updated_replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    unavailable_replicas: int | None = None
    terminating_replicas: int | None = None
    strategy: str | None = None
    max_surge: str | None = None
    paused: bool | None = None
    is_past_deadline: bool | None = None
    workload_ref_kind: str | None = None
    workload_ref_name: str | None = None
    workload_ref_scale_down: str | None = None
    hpa_target_api_version: str | None = None
    hpa_target_kind: str | None = None
    hpa_target_name: str | None = None
    hpa_min_replicas: int | None = None
    hpa_max_replicas: int | None = None
    hpa_current_replicas: int | None = None
    hpa_desired_replicas: int | None = None
    hpa_able_to_scale: str | None = None
    hpa_able_to_scale_reason: str | None = None
    hpa_scaling_active: str | None = None
    hpa_scaling_active_reason: str | None = None
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


_ENCODER = msgspec.json.Encoder()


def encode(rows: Iterable[Observation]) -> bytes:
    """Rows as NDJSON, each line ended by a newline."""
    return _ENCODER.encode_lines(rows)
