"""What a person sees: a line per cycle while it plays, then messages, status, expectations, where to look."""

import datetime as dt
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sandbox.demo.performance import CycleReport, Result, count_verdicts
from sandbox.scenario.left_behind import Outcome, Row, SlackMessage
from sandbox.slack import mrkdwn

_STATUS_COLUMNS = ("verdict", "API", "where", "measured", "ceiling", "reason", "episode")
_VERDICT_STYLES = {"over_limit": "bold red", "within_limit": "green", "unknown": "yellow", "exempt": "cyan"}
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
        counts = "  ".join(f"{count} {verdict}" for verdict, count in report.verdict_counts.items()) or "no verdicts"
        happened = "; ".join(report.says)
        sent = f"[bold]→ {len(report.new_messages)} to Slack[/bold]" if report.new_messages else "[dim]→ silent[/dim]"
        number = f"{report.number:>2}/{self._cycles}"
        line = f"[bold]{number}[/bold] {report.time:%H:%M}  {escape(counts)}  {sent}  [dim]{report.seconds:.1f} s[/dim]"
        self._console.print(line, highlight=False)
        if happened:
            self._console.print(f"      [italic]{escape(happened)}[/italic]", highlight=False)
        self._spinner.update(f"cycle {report.number + 1}" if report.number < self._cycles else "gathering the evidence")
        for failed in report.failed_runs:
            self._console.print(f"      [bold red]failed:[/bold red] {escape(failed)}", highlight=False)

    def result(self, result: Result, folder: Path) -> None:
        """Print everything that was found."""
        self._spinner.stop()
        self._messages(result.evidence.messages)
        self._status(result.status)
        self._backfill(result)
        self._expectations(result.outcomes)
        self._whereabouts(result, folder)

    def _messages(self, messages: list[SlackMessage]) -> None:
        self._console.rule("Slack, in the order of posting")
        for message in messages:
            is_reply = message.thread_ts not in (None, message.ts)
            time = dt.datetime.fromtimestamp(float(message.ts), dt.UTC)
            indent = "    ↳ " if is_reply else ""
            head = f"{indent}[dim]{time:%H:%M:%S}[/dim] [bold]#{escape(message.channel_name)}[/bold]"
            text = f"[dim]{message.kind}[/dim] {escape(mrkdwn.to_spoken(message.posted_text))}"
            self._console.print(f"{head} {text}", highlight=False, soft_wrap=True)
            if message.text != message.posted_text:
                self._console.print(
                    f"    [dim]now reads:[/dim] {escape(mrkdwn.to_spoken(message.text))}",
                    highlight=False,
                    soft_wrap=True,
                )
        if not messages:
            self._console.print("(nothing was posted)")

    def _status(self, status: list[Row]) -> None:
        self._console.rule("Status after the last cycle (view current_status)")
        table = Table(*_STATUS_COLUMNS, box=None, pad_edge=False)
        for column in table.columns:
            column.overflow = "fold"
        for row in sorted(status, key=_status_order):
            numbers = [_cell(row[name]) for name in ("measured", "ceiling")]
            episode = " ".join(filter(None, [row["episode_severity"], row["episode_state"]]))
            cells = [row["verdict"], row["api_id"] or "—", _place(row), *numbers, row["reason"], episode]
            table.add_row(*map(escape, cells), style=_VERDICT_STYLES.get(row["verdict"], ""))
        self._console.print(table)

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
            "slack.html": "the channels as a person sees them in Slack",
            "limits/": "the PED files as teams write them",
            "pedwatch.yaml": "the product's configuration of this run",
            "airflow/logs/dag-runs.log": "what the tasks logged",
            "sandbox/logs/": "what the stand-ins logged",
        }
        for name, text in places.items():
            self._console.print(f"  {folder / name}  [dim]{text}[/dim]", highlight=False, soft_wrap=True)
        totals = ", ".join(f"{count} {verdict}" for verdict, count in count_verdicts(result.evidence.verdicts).items())
        stages = ", ".join(f"{name} {seconds:.0f}" for name, seconds in result.seconds.items() if name != "total")
        self._console.print(f"{len(result.cycles)} cycles, verdicts: {totals}", highlight=False, soft_wrap=True)
        self._console.print(f"{result.seconds['total']:.0f} seconds in all ({stages})", highlight=False, soft_wrap=True)


def _status_order(row: Row) -> tuple[int, str]:
    verdict = row["verdict"]
    return _WORST_FIRST.index(verdict) if verdict in _WORST_FIRST else len(_WORST_FIRST), str(row["subject"])


def _place(row: Row) -> str:
    if row["cluster"] is None:
        return f"all {row['environment']} clusters"
    return " / ".join(part for part in (row["cluster"], row["namespace"], row["workload_name"]) if part)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
