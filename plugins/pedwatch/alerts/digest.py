"""The morning's digest: per team what is over, near, without a limit or about to change; it ends with proof. Pure."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from pedwatch.alerts import guidance, silence
from pedwatch.alerts.copies import with_copies
from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, thread_row
from pedwatch.alerts.routing import route_of_team
from pedwatch.alerts.wording import counted, name
from pedwatch.config import Destination, Slack
from pedwatch.cycles import PERIOD, period_of
from pedwatch.page_urls import now_url

Row = Mapping[str, Any]
_MOST = 5
_WHERE_LATE = (
    "What came late changed no alert. What it changes is in the evidence pack of that day (audits/daily), under "
    '"Differences from what was judged live": live, as known then, as known now'
)
_LISTS = ("firing", "near", "without", "exemptions", "late_changes", "late_observations")
_ADVICE = {
    "hpa_max_over_limit": "HPA may go above the limit",
    "hpa_max_differs": "HPA maximum is not the limit",
    "sudden_change": "Asked for much more or less at once",
    "near_limit": "Near the limit for hours",
    "orphan_limit": "Limits that match nothing",
    "contested": "Several limits match",
}
_WITHOUT = {
    "no_limit": "no limit",
    "invalid_limit": "limit not valid",
    "unlabelled": "no labels",
    "unknown": "stale HPA, no count",
}


@dataclass(frozen=True)
class Digest:
    """What ``alerts/digest.sql`` found; rows as it describes them."""

    firing: Sequence[Row]
    near: Sequence[Row]
    without: Sequence[Row]
    exemptions: Sequence[Row]
    late_changes: Sequence[Row]
    unsent: int
    dead: int
    coverage: float | None
    """Clusters that were seen whole, of those in the cycles that were due in a day, by their minutes; None when none
    was."""
    judged: dt.datetime | None
    """Newest cycle that was judged; None when none ever was."""
    asked_at: dt.datetime
    advisories: Sequence[Row] = ()
    """What ``verdicts/advisories.sql`` found, where such rules are asked for."""
    chain_head: str | None = None
    """Head of the chain of daily evidence packs: posted, so that tampering shows outside our storage."""
    is_head_kept_elsewhere: bool = True
    """Whether it is kept in a bucket of heads besides."""
    evidence_gaps: Sequence[tuple[str, str]] = ()
    """What is missing by the calendar, and the command that makes it: for who keeps the evidence."""
    late_observations: Sequence[Row] = ()
    """Clusters whose cycles were seen better after they had been judged; ``team_ids``: whose APIs were unknown."""
    period: dt.timedelta = PERIOD
    """The length of cycles: of the last that was judged where that is longer than they are now."""

    def of_team(self, team_id: str) -> "Digest":
        """Return one team's part; the outbox and the coverage are everybody's."""

        def own(rows: Iterable[Row]) -> list[Row]:
            return [row for row in rows if row["team_id"] == team_id]

        return replace(
            self,
            firing=own(self.firing),
            near=own(self.near),
            without=own(self.without),
            exemptions=own(self.exemptions),
            late_changes=own(self.late_changes),
            advisories=own(self.advisories),
            late_observations=[row for row in self.late_observations if team_id in row["team_ids"]],
            chain_head=None,  # a hash is for who keeps the evidence
            evidence_gaps=(),
        )

    @property
    def is_silent(self) -> bool:
        """Whether nothing is known of what runs now; who says "all clear" then knows nothing."""
        return silence.is_silent(self.judged, self.asked_at, self.period)

    @property
    def is_clear(self) -> bool:
        """Whether nothing is known but the proof."""
        lists = (self.firing, self.near, self.without, self.exemptions, self.late_changes, self.late_observations)
        return not any((*lists, self.advisories, self.evidence_gaps))


def from_row(row: Row, advisories: Sequence[Row] = (), **known: Any) -> Digest:
    """Read the answers of ``alerts/digest.sql`` and ``verdicts/advisories.sql``; what is known besides goes by name."""
    lists = {name: row[name] for name in _LISTS}
    coverage = row["minutes_seen"] / row["minutes_expected"] if row["minutes_expected"] else None
    return Digest(
        unsent=row["unsent"],
        dead=row["dead"],
        coverage=coverage,
        judged=row["judged_cycle"],
        asked_at=row["asked_at"],
        advisories=advisories,
        period=period_of(row["cycle_minutes"]),
        **lists,
        **known,
    )


def _where(row: Row) -> str:
    who = name(str(row["api_id"] or row["workload_name"] or row["subject"]))
    parts = [name(part) for part in (row["cluster"], row["namespace"]) if part]
    return f"{who} in {' / '.join(parts)}" if parts else who


def _day(moment: dt.datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %d %b %H:%M}"


def _span(first: dt.datetime, last: dt.datetime, zone: ZoneInfo) -> str:
    if first == last:
        return _day(first, zone)
    is_same_day = first.astimezone(zone).date() == last.astimezone(zone).date()
    return f"{_day(first, zone)} to {f'{last.astimezone(zone):%H:%M}' if is_same_day else _day(last, zone)}"


def _listed(title: str, items: list[str]) -> list[str]:
    if not items:
        return []
    more = f"; +{len(items) - _MOST} more" if len(items) > _MOST else ""
    return [f"{title} ({len(items)}): {'; '.join(items[:_MOST])}{more}"]


def _lines(digest: Digest, zone: ZoneInfo) -> list[str]:
    without: dict[str, list[str]] = {}
    for row in digest.without:
        without.setdefault(_WITHOUT[row["verdict"]], []).append(_where(row))
    return [
        *_listed(
            "Over now",
            [
                f"{_where(row)}: {row['measured']} of {row['max_replicas']} since {_day(row['since'], zone)}"
                for row in digest.firing
            ],
        ),
        *_listed("Near the limit", [f"{_where(row)}: {row['measured']} of {row['ceiling']}" for row in digest.near]),
        *(line for title, names in without.items() for line in _listed(title[0].upper() + title[1:], names)),
        *_listed(
            "Exemptions that end",
            [f"{row['api_id']} ({row['exemption_id']}) on {_day(row['ends_at'], zone)}" for row in digest.exemptions],
        ),
        *_listed(
            "Limits that were known late",
            [
                f"{row['api_id']}: {row['max_replicas']} from {_day(row['valid_from'], zone)}, known "
                f"{_day(row['recorded_from'], zone)}"
                for row in digest.late_changes
            ],
        ),
        *_listed(
            "Observations that arrived late",
            [
                f"{name(row['cluster'])}: {counted(row['cycles'], 'cycle')}, "
                f"{_span(row['first_cycle'], row['last_cycle'], zone)}, known {_day(row['recorded_at'], zone)}"
                for row in digest.late_observations
            ],
        ),
        *([_WHERE_LATE] if digest.late_changes or digest.late_observations else []),
        *_listed("Evidence that is missing", [what for what, _ in digest.evidence_gaps]),
        *(f"To make it: {fix}" for _, fix in digest.evidence_gaps[:_MOST]),
        *_advice(digest.advisories),
    ]


def _advice(rows: Sequence[Row]) -> list[str]:
    by_rule: dict[str, list[str]] = {}
    for row in rows:
        place = f" in {name(row['cluster'])}" if row["cluster"] else f" ({name(row['environment'])})"
        by_rule.setdefault(row["rule"], []).append(f"{name(row['api_id'] or row['subject'])}{place}: {row['detail']}")
    return [line for rule, items in by_rule.items() for line in _listed(f"Advice: {_ADVICE[rule]}", items)]


def proof(digest: Digest) -> str:
    """Say that everybody was told: ``firing 7, told 7, unsent 0, coverage 99.7 %``."""
    told = sum(bool(row["is_told"]) for row in digest.firing)
    coverage = "unknown" if digest.coverage is None else f"{digest.coverage * 100:.1f} %"
    undelivered = f", undeliverable {digest.dead}" if digest.dead else ""
    return f"firing {len(digest.firing)}, told {told}, unsent {digest.unsent}{undelivered}, coverage {coverage}"


def _silence(digest: Digest, zone: ZoneInfo) -> str:
    if digest.judged is None:
        return "no cycle has been judged yet: who runs over a limit is not known"
    is_today = digest.judged.astimezone(zone).date() == digest.asked_at.astimezone(zone).date()
    since = f"{digest.judged.astimezone(zone):%H:%M}" if is_today else _day(digest.judged, zone)
    then = "" if digest.is_clear else "; what follows is as of then"
    return f"no cycle since {since}, so who runs over a limit now is not known{then}"


def compose(digest: Digest, whose: str, day: dt.date, report_timezone: str, page: str | None = None) -> Message:
    """Write the digest of a team, or of all of them; ``whose`` names it, ``page`` is where it is looked at."""
    zone, looked = ZoneInfo(report_timezone), [("PED replicas", page)] if page else []
    title = f"Digest of {day:%A, %d %B %Y}"
    facts = [("Proof", proof(digest)), ("Times in", report_timezone)]
    if digest.chain_head:
        alone = "" if digest.is_head_kept_elsewhere else "; kept in Slack alone: evidence_heads is not configured"
        facts.append(("Head of the evidence", f"sha256 {digest.chain_head}{alone}"))
    if digest.is_silent:
        lines, notes = _lines(digest, zone), [silence.RUNBOOK, guidance.WHAT_IT_IS]
        return Message(":black_circle:", title, _silence(digest, zone), facts, notes, lines=lines, links=looked)
    if digest.is_clear:
        summary = f"all clear for {whose}: nobody is over or near a limit, and nothing is about to change"
        return Message(":white_check_mark:", title, summary, facts, [guidance.WHAT_IT_IS], links=looked)
    over = counted(len(digest.firing), "API")
    summary = f"{over} of {whose} over the limit now, {len(digest.near)} near it"
    told = [(name(str(row["api_id"] or row["subject"])), row["permalink"]) for row in digest.firing if row["permalink"]]
    lines, links = _lines(digest, zone), [*looked, *told]
    return Message(":memo:", title, summary, facts, [guidance.WHAT_IT_IS], lines=lines, links=links)


def notifications(
    digest: Digest, slack: Slack, day: dt.date, report_timezone: str, cycle: dt.datetime, pages_url: str = ""
) -> list[Notification]:
    """Return the outbox rows of a day: all teams to the platform's channel, each team's own to its channel."""
    targets: list[tuple[str | None, Destination, str]] = [(None, "team", slack.platform_channel)]
    for team_id, team in slack.teams.items():
        if team.mode != "platform":
            targets.append((team_id, *route_of_team(team_id, slack)))
    written = []
    for whose, destination, channel in targets:
        own = digest if whose is None else digest.of_team(whose)
        page = now_url(pages_url, whose) if pages_url else None
        thread = str(uuid.uuid5(NAMESPACE, f"digest|{whose}|{day.isoformat()}"))
        state = {"phase": "digest", "severity": None}
        message = compose(own, whose or "all teams", day, report_timezone, page)
        written.append(thread_row(thread, 1, "digest", state, message, channel, cycle, whose, destination))
    return with_copies(written, slack)
