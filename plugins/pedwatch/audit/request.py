"""What an audit is asked for: period, limits as known when, which teams and APIs, under which label. Pure."""

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pedwatch.audit import calendar
from pedwatch.config import Retention
from pedwatch.cycles import SHORTEST, floor_to_cycle
from pedwatch.errors import AuditError

TITLES = {
    "from_date": "First day",
    "to_date": "Last day",
    "known_at": "Limits as known",
    "teams": "Teams",
    "apis": "APIs",
    "label": "Label of the audit",
}
"""What the form calls each param: its words, and those of its errors."""
LABEL = r"^[a-z0-9][a-z0-9._-]{0,62}$"
KNOWN_AT = r"^(then|now|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2}))$"


def _titled(name: str) -> str:
    """Name a param as the form does, and as ``conf`` does."""
    return f"{TITLES[name]} ({name})"


def check_label(label: Any) -> str:
    """Return a label; it becomes a folder.

    Raises:
        AuditError: it is no single path segment.
    """
    if not isinstance(label, str) or not re.fullmatch(LABEL, label):
        raise AuditError(
            f"{_titled('label')} is {label!r}: use lower-case letters, digits, dots and dashes, 63 at most"
        )
    return label


@dataclass(frozen=True)
class AuditRequest:
    """One evidence pack: cycles from ``start``, included, to ``end``, excluded, both UTC."""

    label: str
    start: dt.datetime
    end: dt.datetime
    timezone: str
    counted: Literal["then", "now"] = "then"
    known_at: dt.datetime | None = None
    teams: tuple[str, ...] = ()
    apis: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that says when a day begins."""
        return ZoneInfo(self.timezone)

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """First and last day, both included, in the report's time zone."""
        last = (self.end - dt.timedelta(microseconds=1)).astimezone(self.zone).date()
        return self.start.astimezone(self.zone).date(), last

    def span_of(self, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
        """Return when a day begins and when the next one does, in the report's time zone; UTC."""
        begin, end = (dt.datetime.combine(d, dt.time(), self.zone) for d in (day, day + dt.timedelta(days=1)))
        return begin.astimezone(dt.UTC), end.astimezone(dt.UTC)

    @property
    def each_day(self) -> list[tuple[dt.date, dt.datetime, dt.datetime]]:
        """Every day of the period, with the part of it that is within: from, and to, which is excluded; UTC."""
        first, last = self.days
        days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
        spans = [(day, *self.span_of(day)) for day in days]
        return [(day, max(start, self.start), min(end, self.end)) for day, start, end in spans]

    @property
    def is_of_all(self) -> bool:
        """Whether it is of whole days, of all teams and all APIs."""
        first, last = self.days
        is_whole = self.start == self.span_of(first)[0] and self.end == self.span_of(last)[1]
        return is_whole and not self.teams and not self.apis

    @property
    def folder(self) -> str:
        """Name of the pack's folder: the day, or first and last day of a longer period."""
        first, last = self.days
        return f"{first}" if first == last else f"{first}_{last}"

    def week(self, cycle: dt.datetime) -> str:
        """Return the ISO week of a cycle, such as ``2026-W10``."""
        year, week, _ = cycle.astimezone(self.zone).isocalendar()
        return f"{year}-W{week:02}"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values: how it travels between tasks."""
        moments = {name: getattr(self, name) for name in ("start", "end", "known_at")}
        written = {name: moment.isoformat() if moment else None for name, moment in moments.items()}
        return asdict(self) | written | {"teams": list(self.teams), "apis": list(self.apis)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read it back."""
        moments = {
            name: dt.datetime.fromisoformat(value[name]) if value[name] else None
            for name in ("start", "end", "known_at")
        }
        return cls(**{**value, **moments, "teams": tuple(value["teams"]), "apis": tuple(value["apis"])})


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise AuditError(
            f"report_timezone is {name!r}: name one of the IANA time zones, such as Europe/Vienna"
        ) from None


def _date(params: Mapping[str, Any], name: str) -> dt.date | None:
    value = params.get(name)
    if value in (None, ""):
        return None
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise AuditError(f"{_titled(name)} is {value!r}: write a day as 2026-03-02") from None


def _names(params: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = params.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise AuditError(f"{_titled(name)} is {value!r}: write a list of names, one a line; empty for all")
    return tuple(sorted({item.strip() for item in value}))


def _known_at(params: Mapping[str, Any]) -> tuple[Literal["then", "now"], dt.datetime | None]:
    value = params.get("known_at") or "then"
    if value == "then":
        return "then", None
    if value == "now":
        return "now", None
    try:
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise AuditError(f"{_titled('known_at')} is {value!r}: write then, now, or a time such as 2026-03-02T10:00:00Z")
    return "now", moment.astimezone(dt.UTC)


def _period(
    params: Mapping[str, Any], interval: tuple[dt.datetime, dt.datetime] | None, now: dt.datetime, zone: ZoneInfo
) -> tuple[dt.datetime, dt.datetime]:
    """Return the period: from the params, else the run's interval, else yesterday."""

    def midnight(day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)

    def first_midnight(moment: dt.datetime) -> dt.datetime:
        """Where clocks are put back at midnight a day has two, and a cron schedule means the second one."""
        there = moment.astimezone(zone)
        return midnight(there.date()) if there.time() == dt.time() else moment

    first, last = _date(params, "from_date"), _date(params, "to_date")
    if first is None and last is not None:
        raise AuditError(
            f"{_titled('to_date')} is {last} and {_titled('from_date')} is empty: fill in both, or neither for "
            "the run's own day"
        )
    if first is not None:
        last = last or first
        if last < first:
            raise AuditError(
                f"{_titled('to_date')} is {last}, before {_titled('from_date')}, which is {first}: exchange them"
            )
        return midnight(first), midnight(last + dt.timedelta(days=1))
    if interval is not None and interval[0] < interval[1]:
        return first_midnight(floor_to_cycle(interval[0], SHORTEST)), first_midnight(
            floor_to_cycle(interval[1], SHORTEST)
        )
    today = now.astimezone(zone).date()
    return midnight(today - dt.timedelta(days=1)), midnight(today)


def _the_way_back(params: Mapping[str, Any], yesterday: dt.date) -> str:
    """Say which field is to be another, so that the advice leads into no other error."""
    first = _date(params, "from_date")
    if first is None:
        return f"Fill in {_titled('from_date')}: {yesterday} or earlier."
    if first > yesterday:
        return f"Set {_titled('from_date')} to {yesterday} or earlier, and {_titled('to_date')} likewise or not at all."
    return f"Set {_titled('to_date')} to {yesterday} or earlier."


def request_of_run(
    params: Mapping[str, Any],
    interval: tuple[dt.datetime, dt.datetime] | None,
    now: dt.datetime,
    timezone: str,
    kept_days: int = Retention().tables.replica_observations,
) -> AuditRequest:
    """Return what a run is to audit.

    Args:
        params: ``label``, ``from_date``, ``to_date`` (both included), ``known_at``, ``teams``, ``apis``.
        interval: the run's data interval; None when it has none.
        now: settings clock, UTC.
        timezone: ``report_timezone`` of the configuration.
        kept_days: ``retention.tables.replica_observations`` of it.

    Raises:
        AuditError: a param is wrong; names it, what it is and what it should be.
    """
    zone = _zone(timezone)
    start, end = _period(params, interval, now, zone)
    if end > now:
        raise AuditError(
            f"the period ends {end.astimezone(zone):%Y-%m-%d %H:%M %Z}, which is still to come: an audit needs the "
            f"whole of its last day. {_the_way_back(params, now.astimezone(zone).date() - dt.timedelta(days=1))}"
        )
    if (end - start).days > kept_days:
        raise AuditError(
            f"the period has {(end - start).days} days, and observations are kept for {kept_days}: audit parts of it, "
            f"by a backfill for instance, which writes a pack a day"
        )
    if start < now - dt.timedelta(days=kept_days):
        raise AuditError(
            f"the period begins {start.astimezone(zone):%Y-%m-%d}, and observations are kept for {kept_days} days "
            "(retention.tables.replica_observations): of older days the packs in the bucket are what is left"
        )
    counted, known_at = _known_at(params)
    label = check_label(params.get("label") or calendar.LABEL)
    teams, apis = _names(params, "teams"), _names(params, "apis")
    if label == calendar.LABEL and (teams or apis):
        raise AuditError(
            f"{_titled('label')} is {label!r}, whose packs are of all teams and APIs: a part would take a whole day's "
            "place. Write a label of your own"
        )
    return AuditRequest(label, start, end, timezone, counted, known_at, teams, apis)


def check_names(request: AuditRequest, teams: Iterable[str], apis: Iterable[str]) -> None:
    """Check that the teams and APIs asked for are known.

    Raises:
        AuditError: names those that are not, and what comes close to them.
    """
    for kind, asked, known in (("teams", request.teams, sorted(teams)), ("apis", request.apis, sorted(apis))):
        for name in asked:
            if name not in known:
                close = difflib.get_close_matches(name, known, 3) or known[:5]
                hint = f"did you mean {', '.join(close)}?" if close else "there are none in the period."
                raise AuditError(
                    f"{_titled(kind)} names {name!r}: neither a limit nor a verdict of the period does; {hint}"
                )
