"""What a person sees: a line per cycle while it plays, then messages, status, expectations, where to look."""

import datetime as dt
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sandbox.demo.performance import CycleReport, Result, count_verdicts
from sandbox.scenario.evidence import Outcome, Row, SlackMessage

_STATUS_COLUMNS = ("subject", "verdict", "measured", "ceiling", "max_replicas", "reason")
_VERDICT_STYLES = {"over_limit": "bold red", "within_limit": "green", "unknown": "yellow", "exempt": "cyan"}


class Reporter:
    """Writes to a console; plain lines where it is no terminal."""

    def __init__(self, console: Console, cycles: int) -> None:
        self._console = console
        self._cycles = cycles

    def stage(self, text: str) -> None:
        """Say what is being done."""
        self._console.print(f"[dim]…[/dim] {escape(text)}", highlight=False)

    def cycle(self, report: CycleReport) -> None:
        """Say in a line what a cycle brought."""
        counts = "  ".join(f"{count} {verdict}" for verdict, count in report.verdict_counts.items()) or "no verdicts"
        happened = "; ".join(report.says)
        sent = f"[bold]→ {len(report.new_messages)} to Slack[/bold]" if report.new_messages else "[dim]→ silent[/dim]"
        number = f"{report.number:>2}/{self._cycles}"
        line = f"[bold]{number}[/bold] {report.time:%H:%M}  {escape(counts)}  {sent}  [dim]{report.seconds:.1f} s[/dim]"
        self._console.print(line, highlight=False)
        if happened or report.is_skipped:
            self._console.print(f"      [italic]{escape(happened or 'skipped')}[/italic]", highlight=False)
        for failed in report.failed_runs:
            self._console.print(f"      [bold red]failed:[/bold red] {escape(failed)}", highlight=False)

    def result(self, result: Result, folder: Path) -> None:
        """Print everything that was found."""
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
            text = f"[dim]{message.kind}[/dim] {escape(message.posted_text)}"
            self._console.print(f"{head} {text}", highlight=False, soft_wrap=True)
            if message.text != message.posted_text:
                self._console.print(
                    f"    [dim]now reads:[/dim] {escape(message.text)}", highlight=False, soft_wrap=True
                )
        if not messages:
            self._console.print("(nothing was posted)")

    def _status(self, status: list[Row]) -> None:
        self._console.rule("Status after the last cycle (view current_status)")
        columns = [name for name in _STATUS_COLUMNS if not status or name in status[0]]
        table = Table(*columns, box=None, pad_edge=False)
        order = {verdict: index for index, verdict in enumerate(["over_limit", "unknown", "exempt"])}
        for row in sorted(status, key=lambda row: (order.get(row.get("verdict", ""), 9), str(row.get("subject")))):
            style = _VERDICT_STYLES.get(row.get("verdict", ""), "")
            table.add_row(*(escape(_cell(row.get(name))) for name in columns), style=style)
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


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
