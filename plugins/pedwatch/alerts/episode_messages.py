"""The messages about an API: over its limit, worse, still, on and off, exempt, within again. Pure."""

from dataclasses import replace

from pedwatch.alerts import episode_facts, guidance
from pedwatch.alerts.acknowledgements import SHOWN, people_of, thread_of
from pedwatch.alerts.episode_facts import Context, hpa_max, notes, why_frozen
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.messages import UNSPOKEN, Message
from pedwatch.alerts.wording import api_of, clock_time, duration, peak_of, place, pods, runs

_END = {
    "limit_raised": "the limit was raised",
    "replicas_fell": "the replicas fell back",
    "workload_gone": "the workload is gone",
    "exempted": "an exemption holds",
    "scope_changed": "the limit now counts differently, and it is watched anew under that",
    "environment_changed": "its cluster is in another environment now, and it is watched anew under the limits of that",
    "cluster_retired": "a cluster of it was retired by name, and is not watched any more",
    "kind_changed": "its pods are those of another kind of workload now, which is watched as itself",
    "api_changed": "its labels name another API now, and it is judged by a limit of that",
}
_MOVED = ("scope_changed", "environment_changed", "cluster_retired", "kind_changed", "api_changed")


def _fact_of(episode: Episode) -> str:
    return f"{api_of(episode)} {runs(episode)} in {place(episode)}, its limit is {episode.max_replicas}"


def _is_allowed(episode: Episode, context: Context) -> Message:
    exemption = context.known.exemption
    until = f" until {clock_time(exemption.ends_at, context.cycle)}" if exemption else " for now"
    summary = f"{_fact_of(episode)}; an exemption allows it{until}"
    return Message(
        mark=":large_blue_circle:",
        title="Exempted",
        summary=summary,
        facts=episode_facts.facts(episode, context),
        notes=[*notes(episode, context), guidance.WHAT_IT_IS],
        thread=f"Exempted: {summary}. What happens next is still told.",
        links=context.links.to(episode, context.known.source),
    )


def _exemption_ending(episode: Episode, context: Context) -> Message:
    exemption = context.known.exemption
    assert exemption is not None, "it is announced because it ends"
    left = duration(exemption.ends_at - context.cycle)
    ending = f"the exemption of {api_of(episode)} ends in {left}, {clock_time(exemption.ends_at, context.cycle)}"
    message = _is_allowed(episode, context)
    then = f"{ending}; if it still runs more than {episode.max_replicas} pods then, you are told at once"
    advice = f"Bring it to {pods(episode.max_replicas)} or fewer before that, or ask {context.contact} for longer"
    return replace(message, title="Exemption ends soon", summary=then, thread=f"Soon: {then}.", advice=advice)


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
        is_moved = episode.end_reason in _MOVED
        state = "is not held against this limit any more" if is_moved else "is within its limit again"
        if episode.end_reason == "workload_gone":
            state = "does not run any more"
        summary = f"{where} {state} after {lasted}, peak {peak_of(episode)}: {cause}"
    if peak and episode.peak_cycle:
        peak += f" at {clock_time(episode.peak_cycle, ended)}"
    span = f"{lasted}, {clock_time(episode.over_since, ended)} to {clock_time(ended)}"
    source = context.known.source
    facts = [
        ("Running", pods(episode.runs)),
        ("Limit", str(episode.max_replicas)),
        ("Lasted", span if episode.fired_cycle else None),
        ("Peak", peak),
        ("Why it ended", cause if episode.fired_cycle else None),
        ("Granted by", episode_facts.granted_by(source) if episode.end_reason == "limit_raised" else None),
        (UNSPOKEN, episode_facts.recent(context.known)),
    ]
    return Message(
        mark=":large_green_circle:",
        title="Resolved",
        summary=summary,
        facts=[(label, value) for label, value in facts if value],
        notes=notes(episode, context),
        thread=f"Resolved: {summary}.",
        links=context.links.to(episode, source),
    )


def _advice(episode: Episode, context: Context) -> str:
    if episode.is_blind and (mend := guidance.when_frozen(episode.memory.frozen_by, context.contact)):
        return mend
    return guidance.when_over(episode, context.contact, hpa_max(episode, context.known))


def _over(episode: Episode, reason: str, context: Context) -> Message:
    summary = _fact_of(episode)
    is_critical = episode.severity == "critical"
    title = "Over limit, critical" if is_critical else "Over limit"
    lasting = duration(context.cycle - episode.over_since)
    threads = {
        "worse": f"Worse: {summary}. React with {SHOWN} here to quiet its reminders.",
        "reminder": f"Still over after {lasting}: {summary}, peak {pods(episode.peak_measured)}. "
        f"React with {SHOWN} to quiet these reminders.",
        "steady": f"No longer on and off, but over: {summary}.",
        "flapping": f"On and off its limit more than four times in two hours: quiet until it is calm. {summary}.",
        "frozen": f"Not judged any more, so neither over nor ended: {why_frozen(episode)}. Before that: {summary}.",
        "judged_again": f"Judged again, and over: {summary}.",
        "exemption_ended": f"The exemption has ended and it is still over: {summary}.",
        "exemption_exceeded": f"Over, and more than its exemption allows: {summary}.",
    }
    if reason == "acknowledged" and context.acknowledged is not None:
        threads["acknowledged"] = thread_of(context.acknowledged)
    is_frozen = episode.is_blind and bool(guidance.when_frozen(episode.memory.frozen_by, context.contact))
    ends = "once it is judged again, it ends" if is_frozen else "ends by itself"
    quiets = f"react with {SHOWN} to say that you take care: that quiets reminders"
    return Message(
        mark=":red_circle:" if is_critical else ":large_orange_circle:",
        title="Over limit on and off" if reason == "flapping" else f"{title}, not judged now" if is_frozen else title,
        summary=summary,
        advice=_advice(episode, context),
        facts=episode_facts.facts(episode, context),
        notes=[
            f"{ends} after {guidance.clean_cycles(context.policy, context.period)}",
            *([] if context.acknowledged else [quiets]),
            *notes(episode, context),
            guidance.WHAT_IT_IS,
        ],
        thread=threads.get(reason, f"{summary}."),
        mention=context.mention,
        links=context.links.to(episode, context.known.source),
        people=people_of(context.acknowledged),
    )


def compose(episode: Episode, reason: str, context: Context) -> Message:
    """Write the message that tells the present state of an API's episode.

    Args:
        episode: as folded.
        reason: why it is told: first, worse, steady, reminder, acknowledged, flapping, frozen, judged_again,
            exempted, exemption_ending, exemption_ended, resolved.
        context: what else there is to say.
    """
    if episode.state in ("resolved", "inactive"):
        return _resolved(episode, context)
    if reason == "exemption_ending":
        return _exemption_ending(episode, context)
    if episode.is_exempted:
        return _is_allowed(episode, context)
    return _over(episode, reason, context)
