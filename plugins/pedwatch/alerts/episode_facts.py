"""What a message about an API lists beside its sentence: counts, limit, who granted it, who takes care. Pure."""

import datetime as dt
from dataclasses import dataclass, field

from pedwatch.alerts import guidance
from pedwatch.alerts.acknowledgements import Acknowledgement, fact_of
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.message_lookup import Known, LimitSource, Links
from pedwatch.alerts.messages import UNSPOKEN
from pedwatch.alerts.wording import clock_time, name, pods, running, sparkline, what_moved
from pedwatch.config import Policy
from pedwatch.cycles import PERIOD

Facts = list[tuple[str, str]]

_FROZEN = {
    "no_limit_matches": "no limit matches it any more",
    "limit_withdrawn": "its limit was withdrawn",
    "relabelled": "its labels name another API now, which has no limit",
    "document_rejected": "its limit's document is not valid",
    "labels_removed": "its labels were removed",
    "labels_missing": "it has no labels",
    "hpa_is_stale": "its HPA cannot read what it scales, and nothing else counts it",
    "count_not_written": "its controller has not yet said how many pods there are",
}


@dataclass(frozen=True)
class Context:
    """What a message is composed with, beside the episode.

    Attributes:
        cycle: the cycle whose state is told.
        known: of the subject; see ``alerts.evidence``.
        limits_as_of: when the limits judged by were read, if they were stale; else None.
        mention: Slack mention of the team; the only text that is not escaped.
        told_here: why the platform hears of the team's alerts, to stand behind its name.
        policy: of the API; says when an alert ends.
        contact: whom to ask, in words.
        acknowledged: who takes care of it, if somebody does.
        period: the length of cycles.
    """

    cycle: dt.datetime
    known: Known = field(default_factory=Known)
    links: Links = field(default_factory=Links)
    limits_as_of: dt.datetime | None = None
    mention: str | None = None
    told_here: str = ""
    policy: Policy = field(default_factory=Policy)
    contact: str = guidance.CONTACT
    acknowledged: Acknowledgement | None = None
    period: dt.timedelta = PERIOD


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


def _counts(episode: Episode, known: Known) -> list[tuple[str, str | None]]:
    """What runs and, where that is another number, what was asked for.

    An HPA's currentReplicas is what its target asked for when it looked last: no pods were counted.
    """
    asked = known.asked_for
    if episode.offender == "hpa":
        least = "at least " if episode.memory.is_lower_bound else ""
        runs = "not counted: only its HPA is known"
        if episode.memory.running is not None:
            runs = pods(episode.memory.running)
        return [("Running", runs), ("Asked for", f"{least}{pods(episode.measured)}, by its HPA")]
    is_other = asked not in (None, episode.measured)
    return [("Running", running(episode)), ("Asked for", pods(asked) if is_other else None)]


def hpa_max(episode: Episode, known: Known) -> int | None:
    """Return the maximum of its HPA as it was seen last, or when the episode began."""
    return episode.now_hpa_max if known.hpa_max is None else known.hpa_max


def recent(known: Known) -> str | None:
    """Draw the last counts; None when there are too few."""
    counts = [count for count in known.recent if count is not None]
    if len(known.recent) < 2 or not counts:
        return None
    newest = known.recent[-1]
    return f"{sparkline(known.recent)}  {min(counts)} to {max(counts)}, now {'not seen' if newest is None else newest}"


def facts(episode: Episode, context: Context) -> Facts:
    """Return what is listed while an episode goes on."""
    source = context.known.source
    found = [
        *_counts(episode, context.known),
        ("Limit", _limit(episode, context)),
        *(_exemption(context) if episode.is_exempted or episode.memory.is_over_exemption else []),
        ("Over since", clock_time(episode.over_since, context.cycle)),
        ("What moved", what_moved(episode.memory.before, episode.memory.now)),
        ("Granted by", granted_by(source)),
        ("Acknowledged by", fact_of(context.acknowledged, context.cycle)),
        (UNSPOKEN, recent(context.known)),
    ]
    return [(label, value) for label, value in found if value]


def granted_by(source: LimitSource) -> str | None:
    """Say who granted the limit, and in which file."""
    return "; ".join(part for part in (source.grant, source.address) if part) or None


def _exemption(context: Context) -> Facts:
    exemption = context.known.exemption
    if exemption is None:
        return []
    found = [
        ("Exemption", exemption.exemption_id + (f": {exemption.reason}" if exemption.reason else "")),
        ("Approved by", ", ".join(part for part in (exemption.approver, exemption.ticket) if part)),
        ("Exempt until", clock_time(exemption.ends_at, context.cycle)),
    ]
    return [(label, value) for label, value in found if value]


def notes(episode: Episode, context: Context) -> list[str]:
    """Return what qualifies the counts."""
    found = []
    if context.limits_as_of is not None:
        found.append(f"limits as of {clock_time(context.limits_as_of, context.cycle)}")
    if episode.is_blind:
        when = clock_time(episode.last_cycle, context.cycle)
        found.append(f"not judged at {when}: {why_frozen(episode)}; the counts are older")
    if episode.memory.is_lower_bound:
        found.append("a lower bound: not everything was seen, so there may be more; only a whole listing ends it")
    if context.known.is_past_deadline and episode.is_open:
        found.append("a rollout is past its deadline (ProgressDeadlineExceeded): it does not end by itself")
    team = name(episode.subject.team_id or "unknown")
    found.append(f"team {team}{context.told_here}")
    if episode.subject.limit_id:
        found.append(f"limit {name(episode.subject.limit_id)} version {episode.limit_version}")
    return found


def why_frozen(episode: Episode) -> str:
    """Say why it was not judged in the last cycle."""
    return _FROZEN.get(episode.memory.frozen_by or "", "it could not be seen")
