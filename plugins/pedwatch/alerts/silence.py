"""Nobody judges: no cycle since when, and what was missed once there is one again. Pure; times in UTC.

Two DAGs can tell: ped_limits_sync while the gap lasts, and the watch in the first cycle after it. Both derive the ids
from the last cycle before the gap, so that what both tell is told once.

What is missing has two kinds, each with a thread of its own: that runs do not finish stays true, and is not the worst
of it, when nothing is judged either.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Told, thread_row
from pedwatch.alerts.wording import clock_time, counted
from pedwatch.cycles import floor_to_cycle

SILENCE, OVER = "silence", "silence_over"
"""Reasons of the outbox rows."""

TELLS_AFTER = 3
"""So many cycles in a row may be missed before it is told: one or two are a restart, or a deployment."""

FIRST_CYCLE_WITHIN = dt.timedelta(hours=1)
"""Of a new installation: for so long after its first sync of limits nobody minds that nothing was ever judged; where
three cycles are longer, for three cycles."""

Kind = Literal["judged", "finished"]
"""What is missing: cycles are not judged; or they are, and no run of the watch gets to its end."""
KINDS: tuple[Kind, ...] = get_args(Kind)

RUNBOOK = "docs/runbooks/no-cycle-is-judged.md"
_MEANS: Mapping[Kind, str] = {
    "judged": "who runs over a limit meanwhile is not known and not told; older messages show what was true then",
    "finished": "problems are found, and may not have been told",
}
_LOOK_AT: Mapping[Kind, str] = {
    "judged": "whether ped_replica_watch is paused, fails, or starts a whole cycle late or more",
    "finished": "the task in which runs of ped_replica_watch fail or are cut off",
}


def missed(last: dt.datetime, now: dt.datetime, period: dt.timedelta) -> int:
    """Count the cycles of that length after ``last`` that are over by ``now``: each had its time to be judged."""
    return max((now - last) // period - 1, 0)


def is_silent(judged: dt.datetime | None, now: dt.datetime, period: dt.timedelta) -> bool:
    """Tell whether nothing is known of what runs now, by the newest cycle that was judged."""
    return judged is None or missed(judged, now, period) >= TELLS_AFTER


@dataclass(frozen=True)
class Heard:
    """What the tables say of the watch."""

    judged: dt.datetime | None
    """Newest cycle that was judged live."""
    finished: dt.datetime | None
    """Newest cycle whose live run came to its end."""
    first_synced: dt.datetime | None
    """First cycle in which limits were read, as far back as is looked."""
    period: dt.timedelta
    """The length of cycles: of the last that was judged where that is longer than they are now."""
    resumed: dt.datetime | None = None
    """First cycle judged after the newest silence: its run may be on its way yet."""
    is_failure_told: bool = False
    """The channel knows already that runs of the watch fail."""


def episode_id(kind: Kind, since: dt.datetime | None) -> str:
    """Return the id of a silence: that of the last cycle before it, None for before the first of all."""
    return str(uuid.uuid5(NAMESPACE, f"silence|{kind}|{since.isoformat() if since else 'ever'}"))


@dataclass(frozen=True)
class Word:
    """The newest word about a kind of silence, and the first cycle that finished after that silence began."""

    told: Told
    first_after: dt.datetime | None


def row_to_write(
    kind: Kind, heard: Heard, word: Word | None, channel: str, now: dt.datetime, url: str | None = None
) -> Notification | None:
    """Decide what the platform has to hear; None when it knows, or when all is well.

    Args:
        kind: what may be missing.
        heard: the state of the watch.
        word: what was told of it.
        channel: the platform's.
        now: settings clock, UTC.
        url: of the watch's runs.
    """
    last = heard.judged if kind == "judged" else heard.finished
    if word is not None and word.told.phase == SILENCE:
        since = dt.datetime.fromisoformat(word.told.state["since"]) if word.told.state["since"] else None
        if last is None or (since is not None and last <= since):
            return None
        message = over(kind, since, word.first_after or last, now, heard.period, url)
        return _row(kind, since, 2, word.told.channel, floor_to_cycle(now, heard.period), message)
    is_worse_or_told = is_silent(heard.judged, now, heard.period) or heard.is_failure_told
    if kind == "finished" and is_worse_or_told:
        return None
    if last is not None:
        due_from = last if kind == "judged" or heard.resumed is None else max(last, heard.resumed - heard.period)
        is_due = missed(due_from, now, heard.period) >= TELLS_AFTER
    else:
        within = max(FIRST_CYCLE_WITHIN, TELLS_AFTER * heard.period)
        is_due = heard.first_synced is not None and now - heard.first_synced >= within
    cycle = floor_to_cycle(now, heard.period)
    return _row(kind, last, 1, channel, cycle, _silence(kind, last, heard, now, url)) if is_due else None


def row_after_gap(
    judged: dt.datetime | None, cycle: dt.datetime, period: dt.timedelta, channel: str, url: str | None = None
) -> Notification | None:
    """Return the word about cycles that were missed before this one; None when they are too few to be told.

    Args:
        judged: the newest cycle judged before this one.
        cycle: the one that is judged now.
        period: the length of cycles, as ``Heard`` has it.
        channel: the platform's.
        url: of the watch's run.
    """
    if judged is None or missed(judged, cycle, period) < TELLS_AFTER:
        return None
    return _row("judged", judged, 2, channel, cycle, over("judged", judged, cycle, cycle, period, url))


def _row(
    kind: Kind, since: dt.datetime | None, sequence: int, channel: str, cycle: dt.datetime, message: Message
) -> Notification:
    state: dict[str, Any] = {
        "phase": SILENCE if sequence == 1 else "resolved",
        "severity": None,
        "kind": kind,
        "since": since.isoformat() if since else None,
    }
    thread = episode_id(kind, since)
    return thread_row(thread, sequence, SILENCE if sequence == 1 else OVER, state, message, channel, cycle)


def _silence(kind: Kind, last: dt.datetime | None, heard: Heard, now: dt.datetime, url: str | None) -> Message:
    what = {
        "judged": "no cycle has been judged",
        "finished": "cycles are judged, but no run of ped_replica_watch has come to its end",
    }[kind]
    facts = [("What it means", _MEANS[kind]), ("Look at", _LOOK_AT[kind])]
    if last is not None:
        summary = f"{what} since {clock_time(last, now)}"
        if kind == "judged":
            facts.insert(0, ("Missed so far", counted(missed(last, now, heard.period), "cycle")))
    else:
        assert heard.first_synced is not None, "told only when limits are read"
        summary = f"{what} yet; limits have been read since {clock_time(heard.first_synced, now)}"
    title = "No cycle judged" if kind == "judged" else "No run finishes"
    links = [("Runs of ped_replica_watch", url)] if url else []
    until = {"judged": "cycles are judged again", "finished": "a run comes to its end"}[kind]
    notes = [f"one message until {until}; {RUNBOOK}"]
    return Message(":black_circle:", title, summary, facts, notes, links=links, labels={"alertname": "PedSilence"})


def over(
    kind: Kind,
    since: dt.datetime | None,
    first: dt.datetime,
    now: dt.datetime,
    period: dt.timedelta,
    url: str | None,
) -> Message:
    """Write that cycles are judged again, and which were missed."""
    again = "cycles are judged again" if kind == "judged" else "runs of ped_replica_watch come to their end again"
    summary = f"{again} since {clock_time(first, now)}"
    notes = []
    if since is not None:
        count = max((first - since) // period - 1, 0)
        span = f"{clock_time(since + period, now)} to {clock_time(first - period, now)}"
        summary += f"; {counted(count, 'cycle')} missed, {span}" if count else ""
        if kind == "judged":
            notes = ["who was over a limit only in between is not known; audits count these cycles as missed"]
    links = [("Runs of ped_replica_watch", url)] if url else []
    labels = {"alertname": "PedSilence"}
    thread = f"Resolved: {summary}."
    return Message(":large_green_circle:", "Resolved", summary, notes=notes, thread=thread, links=links, labels=labels)
