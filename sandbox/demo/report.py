"""What a person sees: a line per cycle while it plays, then messages, status, expectations, where to look."""

import datetime as dt
import re
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sandbox.demo.performance import CycleReport, Result, count_verdicts
from sandbox.scenario.left_behind import Outcome, Row, SlackMessage
from sandbox.slack import mrkdwn

_STATUS_COLUMNS = ("verdict", "API", "where", "measured", "ceiling", "reason", "episode")
_STATUS_WIDTH = 140
"""A row of the status is one line: on a narrower terminal it goes on in the next, and no cell is broken."""
_VERDICT_STYLES = {"over_limit": "bold red", "within_limit": "green", "unknown": "yellow", "exempt": "cyan"}
_COUNTED = (
    ("over", ("over_limit",)),
    ("not seen", ("unknown",)),
    ("exempt", ("exempt",)),
    ("in grace", ("in_grace",)),
    ("within", ("within_limit",)),
    ("without a limit", ("no_limit", "invalid_limit", "unlabelled")),
)
"""Columns of a cycle's line, and the verdicts that each counts."""
_EMOJI = re.compile(r"(?:[a-z_-]+ )+emoji ")
_WORST_FIRST = ("over_limit", "unknown", "invalid_limit", "no_limit", "unlabelled", "exempt", "in_grace")


class Reporter:
    """Writes to a console; plain lines where it is no terminal."""

    def __init__(self, console: Console, cycles: int) -> None:
        self._console = console
        self._cycles = cycles
        # On a terminal something turns while nothing is printed; in a log it leaves no trace.
        self._spinner = console.status("")

    def __enter__(self) -> Self:
        """Begin to show that something goes on."""
        self._spinner.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        self._spinner.stop()

    def stage(self, text: str) -> None:
        """Say what is being done."""
        self._console.print(f"[dim]…[/dim] {escape(text)}", highlight=False)
        self._spinner.update(escape(text))

    def cycle(self, report: CycleReport) -> None:
        """Say in a line what a cycle brought."""
        if report.number == 1:
            heading = "".join(f"{name:>{len(name) + 2}}" for name, _ in _COUNTED)
            self._console.print(f"[dim]\ncycle  time {heading}   Slack          took[/dim]", highlight=False)
        sent = len(report.new_messages)
        told = f"→ {counted(sent, 'message')}" if sent else "→ silent"
        marked = f"[{'bold' if sent else 'dim'}]{told:<13}[/]"
        number = f"[bold]{report.number:>2}/{self._cycles:<2}[/bold]"
        took = f"[dim]{report.seconds:5.1f} s[/dim]"
        line = f"{number}  {report.time:%H:%M}{self._counts(report)}   {marked}{took}"
        self._console.print(line, highlight=False, soft_wrap=True)
        if report.says:
            happened = escape("; ".join(report.says))
            self._console.print(f"       [italic]{happened}[/italic]", highlight=False, soft_wrap=True)
        self._spinner.update(f"cycle {report.number + 1}" if report.number < self._cycles else "gathering the evidence")
        for failed in report.failed_runs:
            self._console.print(
                f"       [bold red]failed:[/bold red] {escape(failed)}", highlight=False, soft_wrap=True
            )

    @staticmethod
    def _counts(report: CycleReport) -> str:
        cells = []
        for name, verdicts in _COUNTED:
            count = sum(report.verdict_counts.get(verdict, 0) for verdict in verdicts)
            style = _VERDICT_STYLES.get(verdicts[0], "") if count else "dim"
            cell = f"{count or '·':>{len(name) + 2}}"
            cells.append(f"[{style}]{cell}[/{style}]" if style else cell)
        return "".join(cells)

    def result(self, result: Result, folder: Path) -> None:
        """Print everything that was found."""
        self._spinner.stop()
        self._messages(result.evidence.messages)
        self._status(result.status)
        self._epilogue(result)
        self._backfill(result)
        self._expectations(result.outcomes)
        self._whereabouts(result, folder)

    def _messages(self, messages: list[SlackMessage]) -> None:
        self._console.rule("Slack, in the order of posting")
        channel = max((len(message.channel_name) for message in messages), default=0) + 1
        kind = max((len(message.kind) for message in messages), default=0)
        for message in messages:
            time = dt.datetime.fromtimestamp(float(message.ts), dt.UTC)
            mark = "↳" if message.thread_ts not in (None, message.ts) else " "
            head = f"[dim]{time:%H:%M}[/dim]  [bold]{escape(f'#{message.channel_name}'):<{channel}}[/bold]"
            self._line(f"{head}  [dim]{message.kind:<{kind}}[/dim]  {mark} {escape(gist(message.posted_text))}")
            if message.text != message.posted_text:
                now = f"[dim]{'now reads':>{channel + kind + 9}}[/dim]"
                self._line(f"{now}    {escape(gist(message.text))}")
        if not messages:
            self._console.print("(nothing was posted)")

    def _line(self, markup: str) -> None:
        """Print a line that is one line: what does not fit is in slack.html."""
        self._console.print(markup, highlight=False, no_wrap=True, overflow="ellipsis")

    def _status(self, status: list[Row]) -> None:
        self._console.rule("Status after the last cycle (view current_status)")
        table = Table(*_STATUS_COLUMNS, box=None, pad_edge=False)
        for column in table.columns:
            column.no_wrap = True
            column.justify = "right" if column.header in ("measured", "ceiling") else "left"
        for row in sorted(status, key=_status_order):
            numbers = [_cell(row[name]) for name in ("measured", "ceiling")]
            episode = " ".join(filter(None, [row["episode_severity"], row["episode_state"]]))
            cells = [row["verdict"], row["api_id"] or "—", _place(row), *numbers, row["reason"], episode]
            table.add_row(*map(escape, cells), style=_VERDICT_STYLES.get(row["verdict"], ""))
        self._console.print(table, width=max(self._console.width, _STATUS_WIDTH), crop=False)

    def _backfill(self, result: Result) -> None:
        seen = result.evidence.backfill
        if seen is None:
            return
        self._console.rule("Last act: a backfill over cycles that are past")
        self._console.print(
            f"{len(seen.runs)} runs re-compared stored observations: {seen.new_messages} new messages, "
            f"{seen.new_notifications} new outbox rows, {len(seen.files)} files of evidence below audits/",
            highlight=False,
        )

    def _epilogue(self, result: Result) -> None:
        seen = result.epilogue
        if seen is None:
            return
        self._console.rule("When all was over: the digest, and the evidence pack of the day")
        for channel, text in seen.digests:
            self._line(f"[bold]#{escape(channel)}[/bold]  {escape(mrkdwn.to_spoken(text))}")
        if seen.report:
            self._console.print(f"Report for people  {seen.report}", highlight=False, soft_wrap=True)

    def _expectations(self, outcomes: list[Outcome]) -> None:
        missed = [outcome for outcome in outcomes if not outcome.held]
        self._console.rule(f"Expectations: {len(outcomes) - len(missed)} of {len(outcomes)} hold")
        for outcome in missed:
            self._console.print(
                f"[bold red]not held[/bold red] {escape(outcome.name)}", highlight=False, soft_wrap=True
            )
            self._console.print(f"         seen: {escape(outcome.detail)}", highlight=False, soft_wrap=True)

    def _whereabouts(self, result: Result, folder: Path) -> None:
        self._console.rule("Where to look further")
        places = {
            "summary.json": "everything above, for programs",
            "slack.html": "the page that make up has: channels, threads, every message and its versions",
            "audit/": "the evidence pack of the day; report.html is for people",
            "limits/": "the PED files as teams write them",
            "pedwatch.yaml": "the product's configuration of this run",
            "airflow/logs/dag-runs.log": "what the tasks logged",
            "sandbox/logs/": "what the stand-ins logged",
        }
        width = max(len(str(folder / name)) for name in places) + 1
        for name, text in places.items():
            place = f"{folder / name}{'/' if name.endswith('/') else ''}"
            self._console.print(f"  {place:<{width}}  [dim]{text}[/dim]", highlight=False, soft_wrap=True)
        totals = ", ".join(f"{count} {verdict}" for verdict, count in count_verdicts(result.evidence.verdicts).items())
        stages = ", ".join(f"{name} {seconds:.0f}" for name, seconds in result.seconds.items() if name != "total")
        self._console.print(f"{len(result.cycles)} cycles, verdicts: {totals}", highlight=False, soft_wrap=True)
        self._console.print(f"{result.seconds['total']:.0f} seconds in all ({stages})", highlight=False, soft_wrap=True)


def gist(text: str) -> str:
    """Return a message's first sentence, without the names of emoji that a screen reader would say."""
    spoken = _EMOJI.sub("", mrkdwn.to_spoken(text))
    return spoken.partition(". ")[0].partition("\n")[0].rstrip(".")


def counted(count: int, noun: str) -> str:
    """Write a count with its noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _status_order(row: Row) -> tuple[int, str]:
    verdict = row["verdict"]
    return _WORST_FIRST.index(verdict) if verdict in _WORST_FIRST else len(_WORST_FIRST), str(row["subject"])


def _place(row: Row) -> str:
    if row["cluster"] is None:
        return f"all {row['environment']} clusters"
    return " / ".join(part for part in (row["cluster"], row["namespace"], row["workload_name"]) if part)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
