"""What runs and their tasks found, in one line: the end of each log, and the name of a run's last task in the grid.

The grid shows it since decision 0024; whoever opens a log reads it where the log ends.
"""

from collections.abc import Mapping
from typing import Any


def _counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def in_short(plan: Mapping[str, Any], loaded: Mapping[str, Any], folded: Mapping[str, int], sent: int) -> str:
    """Say a run in one line.

    Args:
        plan: of the run.
        loaded: clusters ``seen`` whole, and ``blind``.
        folded: problems ``firing`` in the cycle, and those of them that ``fired`` in it.
        sent: messages delivered.
    """
    if plan["origin"] != "live":
        return f"re-compared, evidence in audits/{plan['label']}"
    seen, blind = len(loaded.get("seen", ())), len(loaded.get("blind", ()))
    clusters = _counted(seen + blind, "cluster") + (f", {blind} not seen whole" if blind else "")
    problems = f"{folded['firing']} over" + (f", {folded['fired']} new" if folded["fired"] else "")
    return f"{clusters}; {problems}; {_counted(sent, 'message')}"


def loaded_in_short(loaded: Mapping[str, Any]) -> str:
    """Say what was loaded, and by which limits it will be judged."""
    blind = ", ".join(loaded["blind"])
    stale = ", which is stale" if loaded["limits"]["is_stale"] else ""
    return (
        f"{_counted(loaded['rows'], 'row')} of {_counted(len(loaded['seen']), 'cluster')} that were seen whole"
        f"{f', not of {blind}' if blind else ''}; limits as known at {loaded['limits']['known_at'][:16]}{stale}"
    )


def folded_in_short(folded: Mapping[str, int]) -> str:
    """Say what goes on after the fold, and what is to be told of it."""
    new = f", {folded['fired']} of them new" if folded["fired"] else ""
    return f"{_counted(folded['firing'], 'problem')}{new}; {_counted(folded['deliverable'], 'message')} to deliver"


def sent_in_short(counts: Mapping[str, int]) -> str:
    """Say what became of messages: ``2 sent, 1 unsent``."""
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "nothing was waiting"
