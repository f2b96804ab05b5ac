"""``summary.json``: what the demo found, for programs."""

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

from sandbox.demo.performance import Result, count_verdicts
from sandbox.scenario.left_behind import LeftByBackfill

EPISODE_COLUMNS = (
    "episode_id",
    "kind",
    "subject",
    "api_id",
    "team_id",
    "cluster",
    "state",
    "severity",
    "started_cycle",
    "fired_cycle",
    "resolved_cycle",
    "end_reason",
    "over_cycles",
    "unknown_cycles",
    "peak_measured",
    "max_replicas",
)


def summary(result: Result) -> dict[str, Any]:
    """Return the summary as JSON values."""
    evidence = result.evidence
    return {
        "scenario": result.scenario.name,
        "held": all(outcome.held for outcome in result.outcomes),
        "cycles": [
            {
                "cycle": report.number,
                "time": report.time,
                "events": report.says,
                "verdict_counts": report.verdict_counts,
                "messages": len(report.new_messages),
                "failed_runs": report.failed_runs,
                "seconds": round(report.seconds, 1),
            }
            for report in result.cycles
        ],
        "verdict_counts": count_verdicts(evidence.verdicts),
        "episodes": [{name: row.get(name) for name in EPISODE_COLUMNS} for row in evidence.episodes],
        "slack_messages": [message.for_summary() for message in evidence.messages],
        "digests": [dict(zip(("channel", "text"), one, strict=True)) for one in result.epilogue.digests]
        if result.epilogue
        else [],
        "backfill": _backfill(evidence.backfill) if evidence.backfill else None,
        "expectations": [dataclasses.asdict(outcome) for outcome in result.outcomes],
        "seconds": result.seconds,
    }


def _backfill(seen: LeftByBackfill) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(seen).items() if name != "verdicts"}


def write_summary(path: Path, result: Result) -> None:
    """Write the summary."""
    path.write_text(
        json.dumps(summary(result), indent=2, ensure_ascii=False, default=_written) + "\n", encoding="utf-8"
    )


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)
