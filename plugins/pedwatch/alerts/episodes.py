"""What an episode is: a state over cycles of one subject, and what the fold remembers of it. Pure values.

How it changes from cycle to cycle is in ``episode_states``.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Literal

State = Literal["pending", "firing", "recovering", "resolved", "inactive"]
OPEN_STATES = ("pending", "firing", "recovering")
NAMESPACE = uuid.UUID("5f0c9c1e-6d5b-4d0a-9f5e-2b8a3c9d7e41")


@dataclass(frozen=True)
class Subject:
    """Who an episode is about: identity only, never values or time."""

    fingerprint: str
    name: str
    kind: str = "over_limit"
    scope: str | None = None
    environment: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    workload_kind: str | None = None
    workload_name: str | None = None
    api_id: str | None = None
    team_id: str | None = None
    limit_id: str | None = None


@dataclass(frozen=True)
class Evidence:
    """The numbers that tell which side moved: the grant, what was asked for, or the HPA's maximum."""

    max_replicas: int | None = None
    limit_version: int | None = None
    spec_replicas: int | None = None
    hpa_max_replicas: int | None = None


@dataclass(frozen=True)
class Memory:
    """What the fold goes on from; stored as JSON in ``episodes.fold_state``."""

    window: tuple[bool, ...] = ()  # last complete observations, True = over; an exempt one was not
    clean_run: int = 0
    over_run: int = 0
    changes: tuple[dt.datetime, ...] = ()  # cycles at which it went over or came back, within flapping.WINDOW
    was_exempt: bool = False
    is_flapping: bool = False
    frozen_by: str | None = None  # why it was not judged in the last cycle, a reason of the ledger; None when it was
    over_ceiling: int | None = None  # the ceiling at the last over
    over_retired: tuple[str, ...] = ()  # the retired clusters of its environment then; of a sum over clusters
    cleared_by: str | None = None  # what made it clean after that, where it is not its own counts that did
    over_since: dt.datetime | None = None  # the first over cycle; an episode that began exempt was not over yet
    before: Evidence | None = None  # the last observation before it began, to say which side moved
    now: Evidence | None = None  # the observation it began with
    is_lower_bound: bool = False  # the last count that was judged is of a part; there may be more
    is_over_exemption: bool = False  # the last count that was judged is over although an exemption raises the ceiling
    detail: str | None = None  # what the last observation said of it in words, if it did
    running: int | None = None  # what ran by the workloads' own counts when it was last judged; None where not known


@dataclass(frozen=True)
class Episode:
    """A state over cycles of one subject."""

    episode_id: str
    subject: Subject
    state: State
    started_cycle: dt.datetime
    last_cycle: dt.datetime
    severity: str | None = None
    is_exempted: bool = False
    is_blind: bool = False
    fired_cycle: dt.datetime | None = None
    resolved_cycle: dt.datetime | None = None
    over_cycles: int = 0
    unknown_cycles: int = 0
    measured: int | None = None
    max_replicas: int | None = None
    ceiling: int | None = None
    limit_version: int | None = None
    peak_measured: int | None = None
    peak_cycle: dt.datetime | None = None
    offender: str | None = None
    end_reason: str | None = None
    previous_episode_id: str | None = None
    memory: Memory = field(default_factory=Memory)

    @property
    def is_open(self) -> bool:
        """Whether later observations belong to this episode."""
        return self.state in OPEN_STATES

    @property
    def over_since(self) -> dt.datetime:
        """The first cycle it was over in; before one, the cycle it began in."""
        return self.memory.over_since or self.started_cycle

    @property
    def runs(self) -> int | None:
        """What ran when it was last judged, where that is known; else what was counted."""
        return self.measured if self.memory.running is None else self.memory.running

    @property
    def now_hpa_max(self) -> int | None:
        """The HPA's maximum when it began: evidence, never a rule."""
        return self.memory.now.hpa_max_replicas if self.memory.now else None


def episode_id(fingerprint: str, started_cycle: dt.datetime) -> str:
    """Return the id of the episode of a subject that began in a cycle: the same however it was folded."""
    return str(uuid.uuid5(NAMESPACE, f"{fingerprint}|{started_cycle.astimezone(dt.UTC).isoformat()}"))
