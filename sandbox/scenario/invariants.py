"""What is expected of every run, whatever its scenario; and of the backfill at its end. Pure."""

from collections import Counter

from sandbox.scenario.expectations import Backfill
from sandbox.scenario.left_behind import LeftBehind, LeftByBackfill, Outcome
from sandbox.scenario.model import Scenario

_SENT = ("sent", "suppressed")


def check_invariants(scenario: Scenario, evidence: LeftBehind) -> list[Outcome]:
    """Return what must hold in any run."""
    return [
        _outcome("every DAG run succeeded", evidence.failed_runs, "all did"),
        _outcome(
            "no verdict stands twice in the ledger", _doubled_verdicts(evidence), f"{len(evidence.verdicts)} verdicts"
        ),
        _outcome(
            "every cluster has one collection_runs row in every cycle", _uncovered(scenario, evidence), "all have"
        ),
        _outcome("nothing is left unsent in the outbox", _unsent(evidence), f"{len(evidence.notifications)} rows"),
        _outcome("no message was posted twice", _doubled_messages(evidence), f"{len(evidence.messages)} messages"),
    ]


def _outcome(name: str, wrong: list[str], right: str) -> Outcome:
    return Outcome(name, not wrong, "; ".join(wrong[:6]) or right)


def _doubled_verdicts(evidence: LeftBehind) -> list[str]:
    counts = Counter((row["cycle"], row["subject"]) for row in evidence.verdicts)
    return [f"cycle {cycle}: {subject} × {count}" for (cycle, subject), count in counts.items() if count > 1]


def _uncovered(scenario: Scenario, evidence: LeftBehind) -> list[str]:
    counts = Counter((row["cycle"], row["cluster"]) for row in evidence.collection_runs)
    return [
        f"cycle {cycle}, {cluster}: {counts[cycle, cluster]} rows"
        for cycle in range(1, scenario.cycles + 1)
        for cluster in scenario.cluster_names()
        if counts[cycle, cluster] != 1
    ]


def _unsent(evidence: LeftBehind) -> list[str]:
    return [
        f"{row['reason']} in {row['channel']} is {row['status']}: {row.get('error')}"
        for row in evidence.notifications
        if row["status"] not in _SENT
    ]


def _doubled_messages(evidence: LeftBehind) -> list[str]:
    counts = Counter(
        (message.channel, message.thread_ts if message.thread_ts != message.ts else None, message.posted_text)
        for message in evidence.messages
    )
    return [f"{channel}: {count} × {text[:120]!r}" for (channel, _, text), count in counts.items() if count > 1]


def check_backfill(backfill: Backfill, seen: LeftByBackfill) -> list[Outcome]:
    """Return whether the backfill did what it may, and nothing else."""
    expect = backfill.expect
    runs = len(backfill.cycles) if expect.runs is None else expect.runs
    executed = [run for run in seen.runs if run[1:] == ("backfill", "success")]
    missing = [name for name in expect.files if not any(path.endswith(f"/{name}") for path in seen.files)]
    return [
        Outcome(f"backfill: {runs} runs executed", len(executed) == runs == len(seen.runs), f"{seen.runs}"),
        _same("backfill: new Slack messages", seen.new_messages, expect.new_messages),
        _same("backfill: new outbox rows", seen.new_notifications, expect.new_notifications),
        _same("backfill: new evidence objects", seen.new_evidence_objects, expect.new_evidence_objects),
        Outcome(
            "backfill: what was judged live stays",
            seen.is_live_ledger_kept,
            "kept" if seen.is_live_ledger_kept else "live verdicts have changed",
        ),
        Outcome(
            f"backfill: wrote {', '.join(expect.files)}",
            not missing,
            f"missing {', '.join(missing)}; found {seen.files}" if missing else ", ".join(seen.files),
        ),
    ]


def _same(name: str, seen: int, expected: int) -> Outcome:
    return Outcome(f"{name}: {expected}", seen == expected, f"{seen} seen")
