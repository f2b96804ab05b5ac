"""Folds the ledger into episodes: a pure function of what was observed, in data time (docs/design.md#d7, #alerts).

One implementation for live runs, backfills and audits. Folding cycle by cycle, with repeats, and folding a whole
period in one go give the same episodes and ids.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, field, replace
from typing import Literal

from pedwatch.config import Policy

State = Literal["pending", "firing", "recovering", "resolved", "inactive"]
Seen = Literal[
    "over", "clean", "exempt", "gone", "rescoped", "elsewhere", "retired", "moved", "rekeyed", "handed_over", "unseen"
]
OPEN_STATES = ("pending", "firing", "recovering")
NAMESPACE = uuid.UUID("5f0c9c1e-6d5b-4d0a-9f5e-2b8a3c9d7e41")

_ENDINGS: dict[Seen, str] = {
    "gone": "workload_gone",
    "rescoped": "scope_changed",
    "elsewhere": "environment_changed",
    "retired": "cluster_retired",
    "moved": "kind_changed",
    "rekeyed": "limit_rekeyed",
    "handed_over": "api_changed",
}
FLAP_WINDOW = dt.timedelta(hours=2)
FLAP_CHANGES = 4
CALM_OBSERVATIONS = 6


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
    now: "Evidence | None" = None
    before: "Evidence | None" = None
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
    changes: tuple[dt.datetime, ...] = ()  # cycles at which it went over or came back, within FLAP_WINDOW
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


def _ceiling(observation: Observation) -> int | None:
    """Return the ceiling that judged: tolerance and exemption included, so that neither makes alerting hastier."""
    return observation.max_replicas if observation.ceiling is None else observation.ceiling


def is_gross(observation: Observation, policy: Policy) -> bool:
    """Tell whether the excess fires at once: from gross_ratio × the ceiling that judged and ceiling + gross_count."""
    runs, ceiling = observation.runs, _ceiling(observation)
    if runs is None or ceiling is None:
        return False
    return runs >= policy.gross_ratio * ceiling and runs >= ceiling + policy.gross_count


def severity_of(observation: Observation, policy: Policy) -> str:
    """Return critical from critical_ratio × the ceiling that judged, warning below."""
    runs, ceiling = observation.runs, _ceiling(observation)
    if runs is None or ceiling is None:
        return "warning"
    return "critical" if runs >= policy.critical_ratio * ceiling else "warning"


def _begin(subject: Subject, observation: Observation, previous: Episode | None) -> Episode:
    changes = previous.memory.changes if previous else ()
    return Episode(
        episode_id=episode_id(subject.fingerprint, observation.cycle),
        subject=subject,
        state="pending",
        started_cycle=observation.cycle,
        last_cycle=observation.cycle,
        previous_episode_id=previous.episode_id if previous and previous.fired_cycle else None,
        memory=Memory(changes=changes, before=observation.before, now=observation.now),
    )


def within_flap_window(changes: tuple[dt.datetime, ...], cycle: dt.datetime) -> tuple[dt.datetime, ...]:
    """Return the changes that still count in a cycle."""
    return tuple(change for change in changes if change > cycle - FLAP_WINDOW)


def _recall(memory: Memory, is_over: bool, cycle: dt.datetime, policy: Policy) -> Memory:
    """Take one complete observation into the memory."""
    is_change = (bool(memory.window) and memory.window[-1] != is_over) or (not memory.window and is_over)
    changes = within_flap_window(memory.changes, cycle) + ((cycle,) if is_change else ())
    over_run = memory.over_run + 1 if is_over else 0
    clean_run = 0 if is_over else memory.clean_run + 1
    # Over and under again more than four times: two changes each.
    is_flapping = memory.is_flapping or len(changes) > 2 * FLAP_CHANGES
    if over_run >= CALM_OBSERVATIONS or clean_run >= CALM_OBSERVATIONS:
        is_flapping = False
    return replace(
        memory,
        window=(*memory.window, is_over)[-policy.window_observations :],
        over_run=over_run,
        clean_run=clean_run,
        changes=changes,
        is_flapping=is_flapping,
    )


def _on_over(episode: Episode, observation: Observation, policy: Policy) -> Episode:
    memory = _recall(episode.memory, True, observation.cycle, policy)
    is_enough = sum(memory.window) >= policy.for_observations or is_gross(observation, policy)
    has_ended = memory.was_exempt and not observation.has_exemption
    is_firing = episode.state in ("firing", "recovering") or is_enough or has_ended
    # What an exemption mutes is over that exemption no sooner than another API is over its limit.
    is_exempted = episode.is_exempted and observation.has_exemption and not is_enough
    severity = severity_of(observation, policy)
    if episode.severity == "critical":
        severity = "critical"  # only a rise is a state change; the fall is the end of the episode
    is_peak = episode.peak_measured is None or (observation.runs or 0) > episode.peak_measured
    return replace(
        episode,
        state="firing" if is_firing else "pending",
        severity=severity,
        is_exempted=is_exempted,
        fired_cycle=episode.fired_cycle or (observation.cycle if is_firing else None),
        over_cycles=episode.over_cycles + 1,
        peak_measured=observation.runs if is_peak else episode.peak_measured,
        peak_cycle=observation.cycle if is_peak else episode.peak_cycle,
        offender=observation.offender,
        memory=replace(
            memory,
            was_exempt=memory.was_exempt and observation.has_exemption,
            over_ceiling=observation.ceiling,
            over_retired=observation.retired_clusters,
            cleared_by=None,
            over_since=memory.over_since or observation.cycle,
        ),
    )


def _end_reason(episode: Episode, observation: Observation) -> str:
    if observation.seen in _ENDINGS:
        return _ENDINGS[observation.seen]
    if episode.subject.kind != "over_limit":
        if episode.subject.kind == "relabelled":
            return observation.reason or "settled"
        return "settled" if episode.subject.kind == "unaccepted_cluster" else "seen_again"
    if episode.memory.cleared_by:
        return episode.memory.cleared_by
    was = episode.memory.over_ceiling
    still_high = was is not None and observation.measured is not None and observation.measured > was
    return "limit_raised" if still_high else "replicas_fell"


def _on_clean(episode: Episode, observation: Observation, policy: Policy) -> Episode:
    memory = replace(_recall(episode.memory, False, observation.cycle, policy), was_exempt=False)
    if memory.clean_run == 1 and observation.is_of_fewer and {*observation.retired_clusters} - {*memory.over_retired}:
        memory = replace(memory, cleared_by="cluster_retired")
    is_gone = observation.seen in _ENDINGS
    episode = replace(episode, is_exempted=False, memory=memory)
    if episode.state == "pending":
        return replace(episode, state="pending" if any(memory.window) and not is_gone else "inactive")
    # While it flaps it is not resolved before it is calm: that would be one more message each time.
    is_calm = memory.clean_run >= policy.clear_observations and not memory.is_flapping
    if is_gone or is_calm:
        return replace(
            episode,
            state="resolved",
            resolved_cycle=observation.cycle,
            end_reason=_end_reason(episode, observation),
        )
    return replace(episode, state="recovering")


def _on_exempt(episode: Episode, policy: Policy) -> Episode:
    """An exemption mutes; when it ends and the subject is still over, it fires at once (docs/design.md#alerts)."""
    window = (*episode.memory.window, False)[-policy.window_observations :]
    return replace(episode, is_exempted=True, memory=replace(episode.memory, was_exempt=True, window=window))


def fold(latest: Episode | None, subject: Subject, observation: Observation, policy: Policy) -> Episode | None:
    """Take one observation of one subject into its latest episode.

    Returns the episode as it now is: the same, changed, a new one, or None when there was and is nothing to tell.
    An observation not after ``latest.last_cycle`` changes nothing, so folding twice is folding once.
    """
    if latest is not None and observation.cycle <= latest.last_cycle:
        return latest
    if latest is None or not latest.is_open:
        if observation.seen not in ("over", "exempt"):
            return latest
        latest = _begin(subject, observation, latest)
    if observation.seen == "unseen":
        return replace(
            latest,
            last_cycle=observation.cycle,
            is_blind=True,
            unknown_cycles=latest.unknown_cycles + 1,
            memory=replace(latest.memory, frozen_by=observation.reason),
        )
    if observation.seen == "over":
        episode = _on_over(latest, observation, policy)
    elif observation.seen == "exempt":
        episode = _on_exempt(latest, policy)
    else:
        episode = _on_clean(latest, observation, policy)
    return replace(
        episode,
        subject=subject,
        last_cycle=observation.cycle,
        is_blind=False,
        memory=replace(
            episode.memory,
            frozen_by=None,
            is_lower_bound=observation.is_lower_bound,
            is_over_exemption=observation.seen == "over" and observation.has_exemption,
            detail=observation.detail,
            running=observation.running,
        ),
        measured=observation.measured,
        max_replicas=observation.max_replicas,
        ceiling=observation.ceiling,
        limit_version=observation.limit_version,
    )
