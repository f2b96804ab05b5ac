"""What a message says, apart from how Slack wants it: title, facts, notes. Pure.

``text`` alone tells the whole fact in words, because screen readers and notifications show nothing else.
"""

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import Any

from pedwatch.alerts.episodes import Episode, Evidence

_END = {
    "limit_raised": "the limit was raised",
    "replicas_fell": "the replicas fell back",
    "workload_gone": "the workload is gone",
    "seen_again": "it can be seen again",
    "exempted": "an exemption holds",
}


@dataclass(frozen=True)
class Message:
    """A neutral message: every string is plain text that the formatter escapes."""

    mark: str
    title: str
    summary: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    thread: str = ""
    mention: str | None = None
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole fact in words."""
        return f"{self.title}: {self.summary}"

    def to_json(self) -> dict[str, Any]:
        """Return the message as JSON values, as it is kept in the outbox."""
        return asdict(self)

    @staticmethod
    def from_json(value: dict[str, Any]) -> "Message":
        """Read a message back from the outbox."""
        return Message(**(value | {"facts": [(label, fact) for label, fact in value["facts"]]}))


def clock_time(moment: dt.datetime) -> str:
    """Write a time of day, UTC."""
    return f"{moment.astimezone(dt.UTC):%H:%M} UTC"


def pods(count: int | None) -> str:
    """Write a number of pods in words."""
    return "an unknown number of pods" if count is None else "1 pod" if count == 1 else f"{count} pods"


def duration(span: dt.timedelta) -> str:
    """Write a span in hours and minutes."""
    minutes = int(span.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def place(episode: Episode) -> str:
    """Say where the subject runs, from the widest to the narrowest."""
    subject = episode.subject
    if subject.cluster is None:
        return f"all {subject.environment} clusters"
    parts = [subject.cluster, subject.namespace, subject.workload_name]
    return " / ".join(part for part in parts if part)


def what_moved(before: Evidence | None, now: Evidence | None) -> str | None:
    """Say which side moved: the grant, or what was asked for; None when neither is known to have."""
    if before is None or now is None:
        return None
    moves = []
    if before.max_replicas is not None and now.max_replicas is not None and before.max_replicas != now.max_replicas:
        moves.append(f"limit {before.max_replicas} → {now.max_replicas}")
    if before.spec_replicas is not None and now.spec_replicas is not None and before.spec_replicas != now.spec_replicas:
        moves.append(f"spec {before.spec_replicas} → {now.spec_replicas}")
    if (
        before.hpa_max_replicas is not None
        and now.hpa_max_replicas is not None
        and before.hpa_max_replicas != now.hpa_max_replicas
    ):
        moves.append(f"HPA max {before.hpa_max_replicas} → {now.hpa_max_replicas}")
    return ", ".join(moves) or None


def _over_facts(episode: Episode) -> list[tuple[str, str]]:
    ceiling = episode.ceiling if episode.ceiling is not None else episode.max_replicas
    limit = str(episode.max_replicas)
    if ceiling is not None and ceiling != episode.max_replicas:
        limit += f" (ceiling {ceiling} with allowances)"
    facts = [
        ("Running", pods(episode.measured)),
        ("Limit", limit),
        ("Where", place(episode)),
        ("Team", episode.subject.team_id or "unknown"),
        ("Over since", clock_time(episode.over_since)),
    ]
    moved = what_moved(episode.memory.before, episode.memory.now)
    if moved:
        facts.append(("What moved", moved))
    if episode.now_hpa_max is not None:
        facts.append(("HPA max", str(episode.now_hpa_max)))
    return facts


def _over_message(episode: Episode, reason: str, limits_as_of: dt.datetime | None, mention: str | None) -> Message:
    api = episode.subject.api_id or episode.subject.name
    counted = {"hpa": "counted by its HPA", "deployment": "counted by its Deployment"}.get(episode.offender or "", "")
    summary = f"{api} runs {pods(episode.measured)} in {place(episode)}, its limit is {episode.max_replicas}"
    notes = [counted] if counted else []
    if limits_as_of is not None:
        notes.append(f"limits as of {clock_time(limits_as_of)}")
    if episode.subject.limit_id:
        notes.append(f"limit {episode.subject.limit_id} version {episode.limit_version}")
    if episode.previous_episode_id and reason == "first":
        notes.append("it has been over before")
    titles = {"worse": "Over limit, critical", "flapping": "Over limit on and off"}
    is_critical = episode.severity == "critical"
    threads = {
        "worse": f"Worse: {summary}.",
        "flapping": "It goes over and under again and again; quiet until it is calm.",
        "exemption_ended": f"The exemption has ended and it is still over: {summary}.",
    }
    return Message(
        mark=":red_circle:" if is_critical else ":large_orange_circle:",
        title=titles.get(reason, "Over limit, critical" if is_critical else "Over limit"),
        summary=summary,
        facts=_over_facts(episode),
        notes=notes,
        thread=threads.get(reason, summary + "."),
        mention=mention,
    )


def _exempted_message(episode: Episode) -> Message:
    api = episode.subject.api_id or episode.subject.name
    summary = f"{api} runs {pods(episode.measured)} in {place(episode)}; an exemption allows it for now"
    return Message(":large_blue_circle:", "Exempted", summary, _over_facts(episode), thread=summary + ".")


def _resolved_message(episode: Episode) -> Message:
    api = episode.subject.api_id or episode.subject.name
    assert episode.resolved_cycle is not None, "only resolved episodes are told as resolved"
    lasted = duration(episode.resolved_cycle - episode.over_since)
    cause = _END.get(episode.end_reason or "", "it ended")
    peak = f"peak {pods(episode.peak_measured)}" if episode.peak_measured is not None else "no peak known"
    summary = f"{api} in {place(episode)} is within its limit again after {lasted}, {peak}: {cause}"
    facts = [
        ("Running", pods(episode.measured)),
        ("Limit", str(episode.max_replicas)),
        ("Lasted", f"{lasted}, {clock_time(episode.over_since)} to {clock_time(episode.resolved_cycle)}"),
        ("Peak", pods(episode.peak_measured)),
        ("Why it ended", cause),
        ("Where", place(episode)),
    ]
    return Message(":large_green_circle:", "Resolved", summary, facts, thread=f"Resolved: {summary}.")


def _platform_message(episode: Episode) -> Message:
    since = clock_time(episode.started_cycle)
    if episode.subject.kind == "limits_blind":
        title, what = "Limits blind", "the limits have not been synced from Firestore"
    else:
        title, what = "Cluster blind", f"{episode.subject.cluster} could not be seen whole ({episode.offender})"
    if episode.state == "resolved":
        assert episode.resolved_cycle is not None, "a resolved episode has an end"
        lasted = duration(episode.resolved_cycle - episode.started_cycle)
        back = "synced again" if episode.subject.kind == "limits_blind" else f"{episode.subject.cluster} is seen again"
        summary = f"{back} after {lasted}"
        return Message(":large_green_circle:", "Resolved", summary, thread=f"Resolved: {summary}.")
    notes = ["its APIs are unknown, not within their limits; no other message about them until it is back"]
    if episode.subject.kind == "limits_blind":
        notes = ["verdicts go on with the limits known last"]
    return Message(":black_circle:", title, f"{what} since {since}", [("Since", since)], notes)


def compose(
    episode: Episode, reason: str, limits_as_of: dt.datetime | None = None, mention: str | None = None
) -> Message:
    """Write the message that tells the present state of an episode.

    Args:
        episode: as folded.
        reason: why it is told: first, worse, flapping, exempted, exemption_ended, resolved.
        limits_as_of: when the limits judged by were read, if they were stale; else None.
        mention: Slack mention of the team, e.g. ``<!subteam^S0ORDERS>``; the only text that is not escaped.
    """
    if episode.subject.kind != "over_limit":
        return _platform_message(episode)
    if episode.state == "resolved":
        return _resolved_message(episode)
    if reason == "exempted":
        return _exempted_message(episode)
    return _over_message(episode, reason, limits_as_of, mention)
