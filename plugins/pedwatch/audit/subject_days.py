"""What a subject was like on a day: counted, and run-length coded, of the verdicts that an audit counts. Pure.

Cycles come in order, so a day is whole when the first cycle of another one comes; no more than one is held.
"""

import datetime as dt
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pedwatch.audit.figures import Tally
from pedwatch.audit.judged import Row
from pedwatch.audit.lines import Line, Stretch, state_of
from pedwatch.audit.request import AuditRequest

TakeDay = Callable[[dt.date, Sequence[dict[str, Any]], Sequence[dict[str, Any]]], None]
"""Takes a day: the rows of ``subject_days``, and those of ``subject_stretches`` without ``audited_at``."""

API_BUCKETS = 100
"""Partitions of ``subject_stretches``. A load of a day changes each of them; BigQuery lets a job change four
thousand, and a table have thirty thousand changes on a day."""
STRETCHES_KEPT = dt.timedelta(days=40)
"""Charts show thirty days, which may begin in the thirty-second one of the report's."""

_WHO = ("fingerprint", "subject", "scope", "environment", "cluster", "api_id", "team_id", "limit_id")


@dataclass
class _SubjectDay:
    line: Line
    tally: Tally = field(default_factory=Tally)
    last: Row | None = None
    last_measured: Row | None = None
    peak: Row | None = None

    def add(self, row: Row) -> None:
        self.last = row
        self.tally.add(row)
        self.line.add(row["cycle"], state_of(row))
        if row["measured"] is not None:
            self.last_measured = row
            if self.peak is None or row["measured"] > self.peak["measured"]:
                self.peak = row


class SubjectDays:
    """Collects the counted verdicts of a period, and hands on each day that is whole.

    Args:
        request: what is audited.
        take: called with each day of the period that has verdicts, in order.
    """

    def __init__(self, request: AuditRequest, take: TakeDay) -> None:
        self._request, self._take = request, take
        self._day: dt.date | None = None
        self._subjects: dict[str, _SubjectDay] = {}

    def add(self, row: Row) -> None:
        """Take one verdict; cycles come in order."""
        day = row["cycle"].astimezone(self._request.zone).date()
        if day != self._day:
            self.close()
            self._day = day
        known = self._subjects.get(row["subject"])
        if known is None:
            known = self._subjects[row["subject"]] = _SubjectDay(Line(row["subject"], ("", "", "")))
        known.add(row)

    def close(self) -> None:
        """Hand on the day that is open, if there is one."""
        if self._day is not None:
            found = [self._subjects[name] for name in sorted(self._subjects)]
            self._take(
                self._day, [self._row(self._day, one) for one in found], [_stretches(self._day, one) for one in found]
            )
        self._day, self._subjects = None, {}

    def _row(self, day: dt.date, found: _SubjectDay) -> dict[str, Any]:
        last, seen, peak, tally = found.last or {}, found.last_measured or {}, found.peak or {}, found.tally
        start, end = self._request.span_of(day)
        return {
            "day": day,
            "from_cycle": start,
            "to_cycle": end,
            "counted": self._request.counted,
            **{name: last.get(name) for name in _WHO},
            "judged_cycles": tally.judged,
            "over_cycles": tally.over,
            "strict_cycles": tally.over_strict,
            "exempt_cycles": tally.exempt,
            "unknown_cycles": tally.unknown,
            "over_minutes": tally.over_minutes,
            "strict_minutes": tally.strict_minutes,
            "unknown_minutes": tally.unknown_minutes,
            "replica_minutes_over": tally.replica_minutes_over,
            "peak_measured": peak.get("measured"),
            "peak_cycle": peak.get("cycle"),
            "last_cycle": seen.get("cycle"),
            "last_measured": seen.get("measured"),
            "hpa_max_replicas": seen.get("hpa_max_replicas"),
        }


def api_bucket(api_id: str | None) -> int:
    """Return the partition of ``subject_stretches`` that an API lies in: the same wherever it is worked out."""
    return zlib.crc32((api_id or "").encode()) % API_BUCKETS


def _stretches(day: dt.date, found: _SubjectDay) -> dict[str, Any]:
    last = found.last or {}
    return {
        "api_bucket": api_bucket(last.get("api_id")),
        "day": day,
        **{name: last.get(name) for name in ("subject", "environment", "api_id", "team_id")},
        "runs": [_run(stretch) for stretch in found.line.stretches],
    }


def _run(stretch: Stretch) -> dict[str, Any]:
    state = stretch.state
    return {
        "start": stretch.start,
        "cycles": stretch.cycles,
        "cycle_minutes": state.cycle_minutes,
        "verdict": state.verdict,
        "measured": state.measured,
        "max_replicas": state.max_replicas,
        "ceiling": state.ceiling,
        "exemption_id": state.exemption_id,
        "is_rollout": state.is_rollout,
        "is_blind": state.is_blind,
    }
