"""What the fold is told of a subject in a cycle: what was seen, and the numbers. Pure values."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from pedwatch.alerts.episodes import Evidence, Subject

Seen = Literal[
    "over", "clean", "exempt", "gone", "rescoped", "elsewhere", "retired", "moved", "rekeyed", "handed_over", "unseen"
]
ENDINGS: dict[Seen, str] = {
    "gone": "workload_gone",
    "rescoped": "scope_changed",
    "elsewhere": "environment_changed",
    "retired": "cluster_retired",
    "moved": "kind_changed",
    "rekeyed": "limit_rekeyed",
    "handed_over": "api_changed",
}
"""What ends an episode at once, whatever was measured, and the reason it ends for."""


@dataclass(frozen=True)
class Observation:
    """One cycle of one subject as the ledger has it; ``unseen`` neither counts nor resets.

    ``gone``, ``rescoped`` (its limit counts another scope now), ``elsewhere`` (its cluster is in another environment
    now), ``retired`` (its cluster was, by name), ``moved`` (its pods are another kind of workload's now), ``rekeyed``
    (its limit goes on under another key, where the episode is carried over if that is seen) and ``handed_over`` (its
    workload is another API's now, and judged by a limit of that one) end an episode at once. ``retired_clusters``:
    those of its environment, of a sum over clusters; ``is_of_fewer``: one of them was counted lately.
    ``is_lower_bound``: not everything was seen, and what was seen is over by itself. ``has_exemption``: an exemption
    was in force, so that its ceiling judged. ``running``: what runs by the workloads' own counts, None where that is
    not known of all of them; ``measured`` may be what an HPA asked for. ``detail``: what there is to say of it.
    """

    cycle: dt.datetime
    seen: Seen
    measured: int | None = None
    max_replicas: int | None = None
    ceiling: int | None = None
    limit_version: int | None = None
    offender: str | None = None
    now: Evidence | None = None
    before: Evidence | None = None
    reason: str | None = None
    is_lower_bound: bool = False
    has_exemption: bool = False
    is_of_fewer: bool = False
    retired_clusters: tuple[str, ...] = ()
    detail: str | None = None
    running: int | None = None

    @property
    def runs(self) -> int | None:
        """What runs where that is known, else what is counted: words, severity and what is gross follow from it."""
        return self.measured if self.running is None else self.running

    @property
    def judged_by(self) -> int | None:
        """The ceiling that judged: tolerance and exemption included, so that neither makes alerting hastier."""
        return self.max_replicas if self.ceiling is None else self.ceiling


@dataclass(frozen=True)
class SubjectObservation:
    """One observation and whose it is."""

    subject: Subject
    observation: Observation
