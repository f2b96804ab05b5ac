"""What a run of ``ped_replica_watch`` was, in one line: the name of its last task in the grid (decision 0024)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pedwatch.hooks.warehouse import Warehouse


def _counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def in_short(plan: Mapping[str, Any], loaded: Mapping[str, Any], found: Mapping[str, int], sent: int) -> str:
    """Say a run in one line.

    Args:
        plan: of the run.
        loaded: clusters ``seen`` whole, and ``blind``.
        found: problems ``firing`` in the cycle, and those of them that ``fired`` in it.
        sent: messages delivered.
    """
    if plan["origin"] != "live":
        return f"re-compared, evidence in audits/{plan['label']}"
    seen, blind = len(loaded.get("seen", ())), len(loaded.get("blind", ()))
    clusters = _counted(seen + blind, "cluster") + (f", {blind} not seen whole" if blind else "")
    problems = f"{found['firing']} over" + (f", {found['fired']} new" if found["fired"] else "")
    return f"{clusters}; {problems}; {_counted(sent, 'message')}"


def problems_of(warehouse: Warehouse, plan: Mapping[str, Any]) -> dict[str, int]:
    """Count the problems of a live cycle; of another one nothing is asked."""
    if plan["origin"] != "live":
        return {"firing": 0, "fired": 0}
    return warehouse.run("audit/cycle_in_short.sql", {"cycle": dt.datetime.fromisoformat(plan["cycle"])})[0]


def message_of(warehouse: Warehouse, plan: Mapping[str, Any]) -> dict[str, str] | None:
    """Return channel and ts of the newest message about a cycle, for a link."""
    rows = warehouse.run("audit/cycle_message.sql", {"cycle": dt.datetime.fromisoformat(plan["cycle"])})
    return rows[0] if rows else None
