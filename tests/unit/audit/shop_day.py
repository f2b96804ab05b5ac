"""Verdict rows of a day, made up: what the audit's pure core is tested with."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from pedwatch.alerts.flapping import WINDOW as WARM_UP
from pedwatch.audit.assembly import Sources
from pedwatch.audit.judged import COLUMNS
from pedwatch.cycles import PERIOD, cycles_between

DAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
Row = dict[str, Any]


def at(text: str, day: int = 0) -> dt.datetime:
    """Return a time of the day, or of one after it."""
    hour, minute = text.split(":")
    return DAY + dt.timedelta(days=day, hours=int(hour), minutes=int(minute))


def verdict(cycle: dt.datetime, api: str = "orders", **fields: Any) -> Row:
    """Return a verdict: within its limit of 10, unless said otherwise."""
    row: Row = dict.fromkeys(COLUMNS)
    row |= {
        "cycle": cycle,
        "cycle_minutes": 5,
        "fingerprint": f"f-{api}",
        "subject": f"cluster/prod.shop.{api}/eu-prod-1",
        "scope": "cluster",
        "environment": "prod",
        "cluster": "eu-prod-1",
        "workload_count": 1,
        "api_id": api,
        "team_id": "shop",
        "verdict": "within_limit",
        "measured": 8,
        "running": None,
        "is_lower_bound": False,
        "offender": "deployment",
        "is_over_strict": False,
        "limit_id": f"prod.shop.{api}",
        "limit_version": 1,
        "max_replicas": 10,
        "ceiling": 10,
        "is_contested": False,
        "surge_allowance": 0,
        "spec_replicas": 8,
        "status_replicas": 8,
        "policy_version": "p1",
        "limits_known_at": cycle,
        "reason": "within_ceiling",
    }
    return row | fields


def over(measured: int = 14) -> Row:
    """Return the fields of a verdict over the limit."""
    return {"verdict": "over_limit", "measured": measured, "is_over_strict": True, "reason": "over_ceiling"}


UNKNOWN: Row = {"verdict": "unknown", "measured": None, "is_lower_bound": True, "reason": "cluster_failed"}


def line(change: Callable[[dt.datetime], Row | None], api: str = "orders", days: int = 1) -> list[Row]:
    """Return an API's verdicts from the warm-up on; ``change`` gives the fields that differ, None for no verdict."""
    cycles = cycles_between(at("0:00", -1) + dt.timedelta(hours=22) - PERIOD, at("0:00", days) - PERIOD, PERIOD)
    found = [(cycle, change(cycle)) for cycle in cycles]
    return [verdict(cycle, api, **fields) for cycle, fields in found if fields is not None]


def coverage(status: Callable[[dt.datetime], str] = lambda _: "complete", days: int = 1) -> list[Row]:
    """Return how eu-prod-1 was seen."""
    cycles = cycles_between(at("0:00") - PERIOD, at("0:00", days) - PERIOD, PERIOD)
    known = {"cluster": "eu-prod-1", "environment": "prod", "error_class": None}
    return [{"cycle": cycle, "cycle_minutes": 5, "status": status(cycle), **known} for cycle in cycles]


def limit(version: int = 1, api: str = "orders", **fields: Any) -> Row:
    """Return a limit version."""
    named = {"limit_id": f"prod.shop.{api}", "version": version, "source_repo": "shop/limits", "ticket": "PED-1"}
    return named | {"source_commit": "0ddba11", "approver": "dana"} | fields


def sources(then: list[Row], now: list[Row] | None = None, live: list[Row] | None = None, **fields: Any) -> Sources:
    """Return the sources of an audit; what is not said is as known then."""
    in_order = [sorted(rows, key=lambda row: (row["cycle"], row["subject"])) for rows in (then, now or then)]
    judged = [row for row in (then if live is None else live) if row["cycle"] >= DAY]
    given: Row = {"coverage": coverage(), "limits": [limit()], "policies": [], "open_episodes": []}
    return Sources(
        begin=DAY - WARM_UP,
        then=in_order[0],
        now=in_order[1],
        live=sorted(judged, key=lambda row: (row["cycle"], row["subject"])),
        **(given | fields),
    )
