"""The messages about an API: over its limit, worse, still, on and off, exempt, within again. Pure."""

import datetime as dt
from dataclasses import dataclass, field

from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.evidence import Known, LimitSource, Links
from pedwatch.alerts.messages import UNSPOKEN, Message
from pedwatch.alerts.wording import (
    api_of,
    clock_time,
    duration,
    name,
    place,
    pods,
    running,
    sparkline,
    what_moved,
)

_END = {
    "limit_raised": "the limit was raised",
    "replicas_fell": "the replicas fell back",
    "workload_gone": "the workload is gone",
    "exempted": "an exemption holds",
    "scope_changed": "the limit now counts differently, and it is watched anew under that",
    "environment_changed": "its cluster is in another environment now, and it is watched anew under the limits of that",
}
_COUNTER = {
    "hpa": "counted by its HPA (currentReplicas)",
    "deployment": "counted by its Deployment (status.replicas)",
}
_FROZEN = {
    "no_limit_matches": "no limit matches it any more",
    "limit_withdrawn": "its limit was withdrawn",
    "document_rejected": "its limit's document is not valid",
    "labels_removed": "its labels were removed",
    "labels_missing": "it has no labels",
}


@dataclass(frozen=True)
class Context:
    """What a message is composed with, beside the episode.

    Attributes:
        cycle: the cycle whose state is told.
        known: of the subject; see ``alerts.evidence``.
        limits_as_of: when the limits judged by were read, if they were stale; else None.
        mention: Slack mention of the team; the only text that is not escaped.
        has_route: whether the team is in the configuration.
    """

    cycle: dt.datetime
    known: Known = field(default_factory=Known)
    links: Links = field(default_factory=Links)
    limits_as_of: dt.datetime | None = None
    mention: str | None = None
    has_route: bool = True


def _limit(episode: Episode, context: Context) -> str:
    limit, ceiling, exemption = episode.max_replicas, episode.ceiling, context.known.exemption
    allowed = f"{limit}"
    if exemption is not None and (episode.is_exempted or episode.memory.is_over_exemption):
        raised = "any number" if exemption.max_replicas is None else str(exemption.max_replicas)
        allowed += f"; the exemption allows {raised}"
    elif ceiling is not None and limit is not None and ceiling > limit:
        allowed += f", tolerance {ceiling - limit}: over from {ceiling + 1}"
    if context.known.surge_allowance:
        allowed += f"; {pods(context.known.surge_allowance)} of a rollout's surge not counted"
    return allowed


def _running(episode: Episode) -> str:
    how = _COUNTER.get(episode.offender or "")
    return f"{running(episode)}, {how}" if how else running(episode)


def _moved(episode: Episode, source: LimitSource) -> str | None:
    before, now = episode.memory.before, episode.memory.now
    moved = what_moved(before, now)
    if moved and source.commit and "limit" in moved:
        moved = moved.replace(", ", f" (commit {source.commit[:7]}), ", 1) if ", " in moved else moved
        if "commit" not in moved:
            moved += f" (commit {source.commit[:7]})"
    return moved


def _recent(known: Known) -> str | None:
    counts = [count for count in known.recent if count is not None]
    if len(known.recent) < 2 or not counts:
        return None
    return f"{sparkline(known.recent)}  {min(counts)} to {max(counts)}, now {known.recent[-1] or 'not seen'}"


def _facts(episode: Episode, context: Context) -> list[tuple[str, str]]:
    source, team = context.known.source, name(episode.subject.team_id or "unknown")
    facts = [
        ("Running", _running(episode)),
        ("Limit", _limit(episode, context)),
        ("Where", place(episode)),
        ("Team", team if context.has_route else f"{team} (no route in pedwatch.yaml: told here)"),
        ("Over since", clock_time(episode.over_since, context.cycle)),
        ("What moved", _moved(episode, source)),
        ("HPA max", f"{episode.now_hpa_max} (evidence, not judged)" if episode.now_hpa_max is not None else None),
        ("Granted by", source.grant),
        ("Limit from", source.address),
        (UNSPOKEN, _recent(context.known)),
    ]
    return [(label, value) for label, value in facts if value]


def _exemption_facts(context: Context) -> list[tuple[str, str]]:
    exemption = context.known.exemption
    if exemption is None:
        return []
    facts = [
        ("Exemption", exemption.exemption_id + (f": {exemption.reason}" if exemption.reason else "")),
        ("Approved by", ", ".join(part for part in (exemption.approver, exemption.ticket) if part)),
        ("Exempt until", clock_time(exemption.ends_at, context.cycle)),
    ]
    return [(label, value) for label, value in facts if value]


def _notes(episode: Episode, context: Context) -> list[str]:
    notes = []
    if context.limits_as_of is not None:
        notes.append(f"limits as of {clock_time(context.limits_as_of, context.cycle)}")
    if episode.is_blind:
        when = clock_time(episode.last_cycle, context.cycle)
        notes.append(f"not judged at {when}: {_why_frozen(episode)}; the counts are older")
    if episode.memory.is_lower_bound:
        notes.append("a lower bound: not everything was seen, so there may be more; only a whole listing ends it")
    if episode.subject.limit_id:
        notes.append(f"limit {name(episode.subject.limit_id)} version {episode.limit_version}")
    return notes


def _why_frozen(episode: Episode) -> str:
    return _FROZEN.get(episode.memory.frozen_by or "", "it could not be seen")


def _fact_of(episode: Episode) -> str:
    return f"{api_of(episode)} runs {running(episode)} in {place(episode)}, its limit is {episode.max_replicas}"


def _is_allowed(episode: Episode, context: Context) -> Message:
    exemption = context.known.exemption
    until = f" until {clock_time(exemption.ends_at, context.cycle)}" if exemption else " for now"
    summary = f"{_fact_of(episode)}; an exemption allows it{until}"
    facts = _facts(episode, context)
    return Message(
        mark=":large_blue_circle:",
        title="Exempted",
        summary=summary,
        facts=[*facts[:4], *_exemption_facts(context), *facts[4:]],
        notes=_notes(episode, context),
        thread=f"Exempted: {summary}. What happens next is still told.",
        links=context.links.to(episode, context.known.source),
        query=context.links.evidence_query(episode),
    )


def _exemption_ending(episode: Episode, context: Context) -> Message:
    exemption = context.known.exemption
    assert exemption is not None, "it is announced because it ends"
    left = duration(exemption.ends_at - context.cycle)
    ending = f"the exemption of {api_of(episode)} ends in {left}, {clock_time(exemption.ends_at, context.cycle)}"
    message = _is_allowed(episode, context)
    then = f"{ending}; if it still runs more than {episode.max_replicas} pods then, it fires at once"
    return Message(**(vars(message) | {"title": "Exemption ends soon", "summary": then, "thread": f"Soon: {then}."}))


def _resolved(episode: Episode, context: Context) -> Message:
    ended = episode.resolved_cycle or episode.last_cycle
    lasted = duration(ended - episode.over_since)
    cause = _END.get(episode.end_reason or "", "it ended")
    where = f"{api_of(episode)} in {place(episode)}"
    if episode.fired_cycle is None:
        summary, peak = f"{where} is within its limit; the exemption was not needed to the end", None
    else:
        peak = pods(episode.peak_measured)
        # What is watched anew elsewhere may run as many pods as before.
        is_moved = episode.end_reason in ("scope_changed", "environment_changed")
        state = "is not held against this limit any more" if is_moved else "is within its limit again"
        summary = f"{where} {state} after {lasted}, peak {peak}: {cause}"
    if peak and episode.peak_cycle:
        peak += f" at {clock_time(episode.peak_cycle, ended)}"
    span = f"{lasted}, {clock_time(episode.over_since, ended)} to {clock_time(ended)}"
    source = context.known.source
    facts = [
        ("Running", pods(episode.measured)),
        ("Limit", str(episode.max_replicas)),
        ("Lasted", span if episode.fired_cycle else None),
        ("Peak", peak),
        ("Why it ended", cause if episode.fired_cycle else None),
        ("Where", place(episode)),
        ("Granted by", source.grant if episode.end_reason == "limit_raised" else None),
        ("Limit from", source.address if episode.end_reason == "limit_raised" else None),
        (UNSPOKEN, _recent(context.known)),
    ]
    return Message(
        mark=":large_green_circle:",
        title="Resolved",
        summary=summary,
        facts=[(label, value) for label, value in facts if value],
        notes=_notes(episode, context),
        thread=f"Resolved: {summary}.",
        links=context.links.to(episode, source),
        query=context.links.evidence_query(episode),
    )


def _over(episode: Episode, reason: str, context: Context) -> Message:
    summary = _fact_of(episode)
    is_critical = episode.severity == "critical"
    title = "Over limit, critical" if is_critical else "Over limit"
    lasting = duration(context.cycle - episode.over_since)
    threads = {
        "worse": f"Worse: {summary}.",
        "reminder": f"Still over after {lasting}: {summary}, peak {pods(episode.peak_measured)}.",
        "steady": f"No longer on and off, but over: {summary}.",
        "flapping": f"On and off its limit more than four times in two hours: quiet until it is calm. {summary}.",
        "frozen": f"Not judged any more, so neither over nor ended: {_why_frozen(episode)}. Before that: {summary}.",
        "judged_again": f"Judged again, and over: {summary}.",
        "exemption_ended": f"The exemption has ended and it is still over: {summary}.",
        "exemption_exceeded": f"Over, and more than its exemption allows: {summary}.",
    }
    return Message(
        mark=":red_circle:" if is_critical else ":large_orange_circle:",
        title="Over limit on and off" if reason == "flapping" else title,
        summary=summary,
        facts=_facts(episode, context),
        notes=_notes(episode, context),
        thread=threads.get(reason, f"{summary}."),
        mention=context.mention,
        links=context.links.to(episode, context.known.source),
        query=context.links.evidence_query(episode),
    )


def compose(episode: Episode, reason: str, context: Context) -> Message:
    """Write the message that tells the present state of an API's episode.

    Args:
        episode: as folded.
        reason: why it is told: first, worse, steady, reminder, flapping, frozen, judged_again, exempted,
            exemption_ending, exemption_ended, exemption_exceeded, resolved.
        context: what else there is to say.
    """
    if episode.state in ("resolved", "inactive"):
        return _resolved(episode, context)
    if reason == "exemption_ending":
        return _exemption_ending(episode, context)
    if episode.is_exempted:
        return _is_allowed(episode, context)
    return _over(episode, reason, context)
