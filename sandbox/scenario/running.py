"""One workload as it runs: its counts, its HPA, and a rollout in progress. Pure."""

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import Any

from sandbox.scenario.events import Relabel, Rollout, Scale, SetAutoscaler
from sandbox.scenario.workloads import Autoscaler, Workload


def surge_pods(max_surge: int | str, replicas: int) -> int:
    """Return how many pods a rollout may add: shares are rounded up, as Kubernetes does."""
    if isinstance(max_surge, int):
        return max_surge
    return math.ceil(replicas * int(max_surge.removesuffix("%")) / 100)


@dataclass(frozen=True)
class RolloutInProgress:
    """A rollout seen for ``cycles`` cycles, ``seen`` of which are over."""

    surge: int
    cycles: int
    seen: int = 0

    def updated(self, spec: int) -> int:
        """Pods of the new version: first the surge, then ever more, but never all while it lasts."""
        share = self.surge + spec * self.seen // self.cycles
        return max(0, min(share, spec + self.surge - 1))


@dataclass(frozen=True)
class Running:
    """A workload in one cluster at one moment; None in a count means "as asked for"."""

    cluster: str
    definition: Workload
    labels: dict[str, str]
    created_at: dt.datetime
    spec: int
    hpa: Autoscaler | None
    status_replicas: int | None = None
    updated_replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    rollout_in_progress: RolloutInProgress | None = None

    def scale(self, event: Scale) -> "Running":
        """Return it with the counts an event sets."""
        now = self
        if event.replicas is not None:
            hpa = self.hpa and self.hpa.model_copy(update={"current": None, "desired": None})
            now = begin(
                self.definition, self.cluster, self.created_at, labels=self.labels, hpa=hpa, spec=event.replicas
            )
        changes: dict[str, Any] = {
            f"{name}_replicas": value
            for name in ("status", "updated", "ready", "available")
            if (value := getattr(event, name)) is not None
        }
        if event.spec is not None:
            changes["spec"] = event.spec
        return replace(now, **changes, hpa=_reported(now.hpa, event, str(event.workload)))

    def rollout(self, event: Rollout) -> "Running":
        """Return it with a rollout begun."""
        surge = surge_pods(self.definition.max_surge if event.max_surge is None else event.max_surge, self.spec)
        return replace(self, rollout_in_progress=RolloutInProgress(surge, event.cycles))

    def relabel(self, event: Relabel) -> "Running":
        """Return it under other labels."""
        identity = {"api_id": event.api, "team_id": event.team}
        return replace(self, labels={key: value for key, value in identity.items() if value is not None} | event.labels)

    def set_hpa(self, event: SetAutoscaler) -> "Running":
        """Return it with another HPA, or none."""
        return replace(self, hpa=event.hpa)

    def advanced(self) -> "Running":
        """Return it a cycle later: a rollout goes on, or is over."""
        rollout = self.rollout_in_progress
        if rollout is None:
            return self
        seen = rollout.seen + 1
        return replace(self, rollout_in_progress=replace(rollout, seen=seen) if seen < rollout.cycles else None)

    def document(self) -> dict[str, Any]:
        """Return it as ``sandbox.kubernetes`` takes it."""
        document = {
            "namespace": self.definition.namespace,
            "name": self.definition.name,
            "kind": self.definition.kind,
            "labels": self.labels,
            "max_surge": self.definition.max_surge,
            "created_at": self.created_at.isoformat(),
            "spec_replicas": self.spec,
            **self._counts(),
        }
        if self.hpa:
            document["hpa"] = self.hpa.model_dump(exclude_none=True)
        return document

    def _counts(self) -> dict[str, int]:
        rollout = self.rollout_in_progress
        if rollout:
            status = self.spec + rollout.surge
            return {
                "status_replicas": status,
                "updated_replicas": rollout.updated(self.spec),
                "ready_replicas": self.spec,
                "available_replicas": self.spec,
            }
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {name: value for name, value in counts.items() if value is not None}


_COUNTS = ("status_replicas", "updated_replicas", "ready_replicas", "available_replicas")


def _reported(hpa: Autoscaler | None, event: Scale, name: str) -> Autoscaler | None:
    changes = {"current": event.hpa_current, "desired": event.hpa_desired}
    changes = {key: value for key, value in changes.items() if value is not None}
    if changes and hpa is None:
        raise ValueError(f"{name} has no HPA to report {', '.join(changes)}: give it one with set_hpa")
    return hpa.model_copy(update=changes) if hpa else None


def begin(
    workload: Workload,
    cluster: str,
    created_at: dt.datetime,
    *,
    labels: dict[str, str] | None = None,
    hpa: Autoscaler | None = None,
    spec: int | None = None,
) -> Running:
    """Return a workload at rest: as it is defined, or with other labels, HPA or replicas."""
    return Running(
        cluster=cluster,
        definition=workload,
        labels=workload.all_labels if labels is None else labels,
        created_at=created_at,
        spec=workload.replicas if spec is None else spec,
        hpa=workload.hpa if spec is None else hpa,
    )
