"""What the platform hears of DAG runs: that one failed, once, until the DAG finishes again. Pure; times in UTC.

A run that failed leaves a report, which tells nobody. Who reads it next decides, and settles it: it is told, or the
channel knows already. What fails for a reason that is known, a sync that is refused, is told although the DAG was told
as failed already: who waits for an outage to pass must hear of what does not pass by itself.
"""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pedwatch.alerts import platform_messages
from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Told, thread_row
from pedwatch.alerts.platform_messages import Progress
from pedwatch.cycles import SHORTEST, floor_to_cycle

REPORT, FAILED, RECOVERED = "run_failed", "dag_failed", "dag_recovered"
"""Reasons of the outbox rows."""

REPORTED, SETTLED = "reported", "settled"
"""Statuses of a report: nobody has read it yet; it was read, and ``told_by`` names what tells of it."""

FINISHES_NEEDED: Mapping[str, int] = {"ped_replica_watch": 3, "ped_limits_sync": 3}
"""After so many runs in a row a DAG is back, where it runs in every cycle: one that times out every other time would
else be two messages every ten minutes. For the daily DAGs one is enough."""


@dataclass(frozen=True)
class Report:
    """A run that failed, as its callback told it."""

    dag_id: str
    run_id: str
    reason: str
    """Airflow's word: task_failure, timed_out, all_tasks_deadlocked."""
    tasks: tuple[str, ...]
    """The task that failed last; of a run that timed out one that was still to end."""
    reported_at: dt.datetime
    known_cycle: dt.datetime | None
    """None when only the moment of the callback is known."""
    refusal: str | None = None
    """A name for why it was refused, where that is known; the callback is not told."""
    refusal_message: str | None = None

    @property
    def cycle(self) -> dt.datetime:
        """Cycle of the run, else that in which it was reported."""
        return self.known_cycle or floor_to_cycle(self.reported_at, SHORTEST)

    @property
    def report_id(self) -> str:
        """Id of its row: the same however often the callback is called."""
        return str(uuid.uuid5(NAMESPACE, f"report|{self.dag_id}|{self.run_id}"))

    @property
    def thread(self) -> str:
        """Id of the thread that tells of it, if nothing told before goes on."""
        return str(uuid.uuid5(NAMESPACE, f"dag|{self.dag_id}|{self.run_id}"))

    def row(self, channel: str, status: str = REPORTED, told_by: str | None = None) -> Notification:
        """Return its row of the outbox, which is never sent."""
        state = {
            "phase": REPORTED,
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "reason": self.reason,
            "tasks": list(self.tasks),
            "cycle": self.known_cycle.isoformat() if self.known_cycle else None,
        }
        return Notification(
            notification_id=self.report_id,
            episode_id=self.report_id,
            sequence=1,
            team_id=None,
            cycle=self.cycle,
            reason=REPORT,
            destination="team",
            channel=channel,
            told_state=json.dumps(state, sort_keys=True),
            message=self.message(),
            status=status,
            told_by=told_by,
        )

    def message(self, url: str = "", progress: Progress | None = None) -> Message:
        """Write that the run failed."""
        return platform_messages.dag_failed(
            self.dag_id, self.run_id, self.cycle, self.tasks, self.reason, url, self.refusal_message, progress
        )


def report_from_row(row: Mapping[str, Any]) -> Report:
    """Read a report back from its row, and why the run was refused if that is known beside it."""
    state = json.loads(row["told_state"])
    return Report(
        dag_id=state["dag_id"],
        run_id=state["run_id"],
        reason=state["reason"],
        tasks=tuple(state["tasks"]),
        reported_at=row["created_at"],
        known_cycle=dt.datetime.fromisoformat(state["cycle"]) if state["cycle"] else None,
        refusal=row["refusal"],
        refusal_message=row["refusal_message"],
    )


@dataclass(frozen=True)
class Word:
    """The newest word about a DAG."""

    told: Told
    notification_id: str
    at: dt.datetime


def settle(
    reports: Iterable[Report],
    words: Mapping[str, Word],
    channel: str,
    url_of: Callable[[Report], str],
    progress_of: Callable[[Report], Progress | None],
) -> list[tuple[Notification, dt.datetime]]:
    """Return the rows that settle reports, each with its ``created_at``: what is told, and the reports themselves.

    Decided again from the same words, it is the same rows.

    Args:
        reports: the oldest first.
        words: the newest word about each DAG, as the platform's channel has it.
        channel: the platform's.
        url_of: of a run.
        progress_of: how far a run came; asked only of what is told anew.
    """
    newest, rows = dict(words), []
    for report in reports:
        word = newest.get(report.dag_id)
        told = word.told if word else None
        progress = None if is_told_failed(told) else progress_of(report)
        row = failure_row(told, report, report.message(url_of(report), progress), channel)
        if row is not None:
            # The newest word is the one that was written last, whatever clock the callback had.
            at = max(report.reported_at, word.at + dt.timedelta(microseconds=1)) if word else report.reported_at
            rows.append((row, at))
            state = json.loads(row.told_state)
            told = Told(row.episode_id, row.sequence, row.channel, row.destination, state)
            word = newest[report.dag_id] = Word(told, row.notification_id, at)
        assert word is not None, "who is told nothing was told before"
        rows.append((report.row(channel, SETTLED, word.notification_id), report.reported_at))
    return rows


def is_told_failed(told: Told | None) -> bool:
    """Tell whether the channel believes that a DAG fails."""
    return told is not None and told.phase == "failed"


def failure_row(told: Told | None, report: Report, message: Message, channel: str) -> Notification | None:
    """Return the word that a run failed; None when the channel knows of an earlier one and no better since.

    A known cause that the channel has not heard yet is said in the thread of the failure before it.

    Args:
        told: what was last told of the DAG.
        report: of the run.
        message: what is said.
        channel: the platform's.
    """
    thread, sequence, since, cause = report.thread, 1, report.cycle.isoformat(), report.refusal
    if told is not None and is_told_failed(told):
        if cause in (None, told.state.get("cause")):
            return None
        thread, channel, since = told.episode_id, told.channel, told.state["since"]
    if told is not None and told.episode_id == thread:  # or a run that fails again after it was cleared
        sequence = told.sequence + 1
    state = {"phase": "failed", "severity": None, "dag_id": report.dag_id, "since": since, "cause": cause}
    return thread_row(thread, sequence, FAILED, state, message, channel, report.cycle)


def recovery_row(
    told: Told, finished: Sequence[dt.datetime], period: dt.timedelta, url: str | None = None
) -> Notification | None:
    """Return the word that a DAG that was told as failed is back; None while it is not.

    Args:
        told: the failure.
        finished: the newest cycles since then whose runs came to their end, the newest first.
        period: the length of cycles.
        url: of the DAG's runs.
    """
    dag_id = told.state["dag_id"]
    needed = FINISHES_NEEDED.get(dag_id, 1)
    newest = list(finished[:needed])
    is_in_a_row = all(later - earlier <= period for later, earlier in pairwise(newest))
    if len(newest) < needed or not is_in_a_row:
        return None
    since = dt.datetime.fromisoformat(told.state["since"])
    state = {"phase": "resolved", "severity": None, "dag_id": dag_id, "since": since.isoformat()}
    message = platform_messages.dag_recovered(dag_id, since, newest[-1], url)
    return thread_row(told.episode_id, told.sequence + 1, RECOVERED, state, message, told.channel, newest[-1])
