"""One workload as it runs: its counts, its HPA, and a rollout in progress. Pure."""

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import Any

from sandbox.scenario.events import Rollout, Scale
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
    """A workload in one cluster at one moment."""

    cluster: str
    definition: Workload
    created_at: dt.datetime
    spec: int
    hpa: Autoscaler | None
    rollout_in_progress: RolloutInProgress | None = None

    def scale(self, event: Scale) -> "Running":
        """Return it with the counts an event sets."""
        now = self
        if event.replicas is not None:
            hpa = self.hpa and self.hpa.model_copy(update={"current": None, "desired": None})
            now = replace(self, spec=event.replicas, hpa=hpa, rollout_in_progress=None)
        return replace(now, hpa=_reported(now.hpa, event, str(event.workload)))

    def rollout(self, event: Rollout) -> "Running":
        """Return it with a rollout begun."""
        surge = surge_pods(self.definition.max_surge if event.max_surge is None else event.max_surge, self.spec)
        return replace(self, rollout_in_progress=RolloutInProgress(surge, event.cycles))

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
            "labels": self.definition.all_labels,
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
        if rollout is None:
            return {}
        return {
            "status_replicas": self.spec + rollout.surge,
            "updated_replicas": rollout.updated(self.spec),
            "ready_replicas": self.spec,
            "available_replicas": self.spec,
        }


def _reported(hpa: Autoscaler | None, event: Scale, name: str) -> Autoscaler | None:
    changes = {"current": event.hpa_current, "desired": event.hpa_desired}
    changes = {key: value for key, value in changes.items() if value is not None}
    if changes and hpa is None:
        raise ValueError(f"{name} has no HPA to report {', '.join(changes)}")
    return hpa.model_copy(update=changes) if hpa else None


def begin(workload: Workload, cluster: str, created_at: dt.datetime) -> Running:
    """Return a workload at rest, as it is defined."""
    return Running(cluster, workload, created_at, workload.replicas, workload.hpa)
