"""Folds what was observed into episodes: a pure function, in data time (docs/design.md#d7, #alerts).

pending → firing → recovering → resolved; a pending one that never fires becomes inactive. One implementation for live
runs, backfills and audits. Folding cycle by cycle, with repeats, and folding a whole period in one go give the same
episodes and ids.
"""

from dataclasses import replace

from pedwatch.alerts.episodes import Episode, Memory, Subject, episode_id
from pedwatch.alerts.excess import is_gross, severity_of
from pedwatch.alerts.flapping import recalled
from pedwatch.alerts.observed import ENDINGS, Observation
from pedwatch.config import Policy


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


def _on_over(episode: Episode, observation: Observation, policy: Policy) -> Episode:
    memory = recalled(episode.memory, True, observation.cycle, policy)
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
    if observation.seen in ENDINGS:
        return ENDINGS[observation.seen]
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
    memory = replace(recalled(episode.memory, False, observation.cycle, policy), was_exempt=False)
    if memory.clean_run == 1 and observation.is_of_fewer and {*observation.retired_clusters} - {*memory.over_retired}:
        memory = replace(memory, cleared_by="cluster_retired")
    is_gone = observation.seen in ENDINGS
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
