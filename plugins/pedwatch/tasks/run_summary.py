"""What a run of ``ped_replica_watch`` was, in one line: the name of its last task in the grid (decision 0024)."""

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
