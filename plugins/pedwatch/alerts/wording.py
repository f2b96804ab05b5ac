"""The words of messages: times, counts, places, what moved, a line of recent counts. Pure; times in UTC."""

import datetime as dt
import unicodedata
from collections.abc import Sequence

from pedwatch.alerts.episodes import Episode, Evidence

_BARS = "▁▂▃▄▅▆▇█"
_NAME = 100  # a label's value has 63 characters at most, a name 253; what is longer is no honest name
ISOLATE = "\u2068\u2069"
"""Around a right-to-left name: without them it would turn the words and numbers beside it."""


def clock_time(moment: dt.datetime, now: dt.datetime | None = None) -> str:
    """Write a time of day, with its date when that is another day than ``now``."""
    moment = moment.astimezone(dt.UTC)
    if now is not None and now.astimezone(dt.UTC).date() != moment.date():
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    return f"{moment:%H:%M} UTC"


def pods(count: int | None) -> str:
    """Write a number of pods in words."""
    return "an unknown number of pods" if count is None else "1 pod" if count == 1 else f"{count} pods"


def running(episode: Episode) -> str:
    """Write how many pods run; of what was seen in part, that it is at least so many."""
    return f"at least {pods(episode.runs)}" if episode.memory.is_lower_bound else pods(episode.runs)


def runs(episode: Episode) -> str:
    """Write what a subject does that is too much: it runs pods, or its HPA asks for them, which need not run."""
    asked, known = episode.measured, episode.memory.running
    if episode.offender != "hpa" or (known is not None and known >= (asked or 0)):
        return f"runs {running(episode)}"
    least = "at least " if episode.memory.is_lower_bound else ""
    does = f"asks for {least}{pods(asked)}"
    return does if known is None else f"{does} and runs {pods(known)}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: ``1 API``, ``12 APIs``."""
    return f"1 {one}" if count == 1 else f"{count} {many or one + 's'}"


def duration(span: dt.timedelta) -> str:
    """Write a span in days, hours and minutes; the two greatest."""
    minutes = max(int(span.total_seconds() // 60), 0)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def name(text: str) -> str:
    """Write a name from a label: short enough to leave room for the fact, its direction kept to itself."""
    shown = "".join(ch for ch in text if ch not in ISOLATE)
    shown = shown if len(shown) <= _NAME else shown[: _NAME - 1] + "…"
    is_mixed = any(unicodedata.bidirectional(ch) in ("R", "AL", "AN") for ch in shown)
    return f"{ISOLATE[0]}{shown}{ISOLATE[1]}" if is_mixed else shown


def place(episode: Episode) -> str:
    """Say where the subject runs, from the widest to the narrowest."""
    subject = episode.subject
    if subject.cluster is None:
        return f"all {subject.environment} clusters"
    parts = [subject.cluster, subject.namespace, subject.workload_name]
    return " / ".join(name(part) for part in parts if part)


def api_of(episode: Episode) -> str:
    """Name the API; what has no label is named by its subject."""
    return name(episode.subject.api_id or episode.subject.name)


def what_moved(before: Evidence | None, now: Evidence | None) -> str | None:
    """Say which side moved: the grant, or what was asked for; None when neither is known to have."""
    if before is None or now is None:
        return None
    pairs = [
        ("limit", before.max_replicas, now.max_replicas),
        ("asked for", before.spec_replicas, now.spec_replicas),
        ("HPA maximum", before.hpa_max_replicas, now.hpa_max_replicas),
    ]
    moves = [f"{name} {old} → {new}" for name, old, new in pairs if None not in (old, new) and old != new]
    return ", ".join(moves) or None


def sparkline(counts: Sequence[int | None]) -> str:
    """Draw counts as a line of bars from zero to the highest; a cycle that was not seen is a dot."""
    highest = max((count for count in counts if count is not None), default=0)
    if not highest:
        return "".join("·" if count is None else _BARS[0] for count in counts)
    top = len(_BARS) - 1
    return "".join("·" if count is None else _BARS[round(count / highest * top)] for count in counts)


def peak_of(episode: Episode) -> str:
    """Say how many ran at most, and that more were asked for where it was over by what it asked for alone."""
    peak, limit = episode.peak_measured, episode.max_replicas
    is_asked_for = episode.end_reason == "replicas_fell" and None not in (peak, limit) and (peak or 0) <= (limit or 0)
    return f"{pods(peak)}, more were asked for" if is_asked_for else pods(peak)
