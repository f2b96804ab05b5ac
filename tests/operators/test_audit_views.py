"""The views for BI: what burned, and how much room is left; both read the live ledger of lately only."""

import datetime as dt
from typing import Any

import pytest

from pedwatch.cycles import PERIOD, floor_to_cycle
from pedwatch.hooks.warehouse import Warehouse
from tests.operators.stored_days import EVER, LONG_AGO
from tests.sql.case_files import json_row
from tests.unit.audit.shop_day import UNKNOWN, over, verdict

Row = dict[str, Any]
#: The views ask BigQuery for the time, as a person's tool would.
NOON = floor_to_cycle(dt.datetime.now(dt.UTC), PERIOD) - dt.timedelta(days=1)


def load(warehouse: Warehouse, table: str, rows: list[Row]) -> None:
    """Append rows."""
    from google.cloud import bigquery

    target = f"{warehouse.config.project}.{warehouse.config.dataset}.{table}"
    config = bigquery.LoadJobConfig(schema=warehouse.client.get_table(target).schema)
    warehouse.client.load_table_from_json([json_row(row) for row in rows], target, job_config=config).result()


def judged(number: int, api: str = "orders", **fields: Any) -> Row:
    """Return a row of ``verdicts``, so many cycles after noon."""
    written = {"is_limits_stale": False, "origin": "live", "revision": 1, "content_sha256": "x", "run_id": "r"}
    return verdict(NOON + number * PERIOD, api, **written, computed_at=NOON) | fields


@pytest.fixture
def ledger(warehouse: Warehouse) -> Warehouse:
    """Three cycles of orders: over, over, not seen; search within; and what is neither live nor first."""
    rows = [judged(0, **over(14)), judged(1, **over(12)), judged(2, **UNKNOWN), judged(0, "search", measured=4)]
    rows += [judged(2, **over(99), origin="backfill") | {"revision": 2}, judged(1, **over(50)) | {"revision": 3}]
    load(warehouse, "verdicts", rows)
    limit = {
        "limit_id": "prod.shop.orders",
        "api_id": "orders",
        "team_id": "shop",
        "environment": "prod",
        "scope": "cluster",
        "version": 2,
        "max_replicas": 16,
        "exemptions": [],
        "document_update_time": LONG_AGO,
        "valid_from": LONG_AGO,
        "valid_to": EVER,
        "recorded_from": LONG_AGO,
        "recorded_to": EVER,
        "content_sha256": "x",
        "is_deleted": False,
        "versions_missing": 0,
    }
    unused = limit | {"limit_id": "prod.shop.idle", "api_id": "idle", "max_replicas": 0}
    load(warehouse, "limit_history", [limit, unused, limit | {"limit_id": "prod.shop.gone", "is_deleted": True}])
    for name in ("burn_down", "headroom"):
        warehouse.write(f"ddl/views/{name}.sql")
    return warehouse


def audited_day(days_ago: int, api: str = "orders", **fields: Any) -> Row:
    """Return a row of ``subject_days``, of a day that has been audited."""
    start = dt.datetime.combine(dt.datetime.now(dt.UTC).date(), dt.time(), dt.UTC) - dt.timedelta(days=days_ago)
    known = {"from_cycle": start, "to_cycle": start + dt.timedelta(days=1), "counted": "then"}
    cycles = ("strict_cycles", "exempt_cycles", "unknown_cycles")
    minutes = ("over_minutes", "strict_minutes", "unknown_minutes", "replica_minutes_over")
    counts = dict.fromkeys((*cycles, *minutes), 0)
    who = verdict(start, api)
    named = {name: who[name] for name in ("fingerprint", "subject", "scope", "environment", "cluster", "api_id")}
    named |= {"team_id": who["team_id"], "limit_id": who["limit_id"], "day": start.date().isoformat()}
    return known | counts | named | {"judged_cycles": 288, "over_cycles": 0} | fields


def ask(warehouse: Warehouse, text: str) -> list[Row]:
    """Run a query of docs/audit.md's kind."""
    return [dict(row.items()) for row in warehouse.client.query(text.format(d=warehouse.config.dataset)).result()]


def test_burn_down_counts_first_live_verdicts(ledger: Warehouse) -> None:
    found = ask(
        ledger,
        "SELECT week, api_id, SUM(judged_cycles) AS judged, SUM(over_cycles) AS over_cycles,"
        " SUM(violation_hours) AS hours, SUM(unknown_hours) AS unknown, SUM(replica_hours_over) AS replicas"
        " FROM `{d}.burn_down` GROUP BY week, api_id ORDER BY api_id",
    )
    assert {row["week"].weekday() for row in found} == {0}
    orders, search = found
    assert (orders["judged"], orders["over_cycles"]) == (3, 2)
    assert [round(orders[name], 6) for name in ("hours", "unknown", "replicas")] == [0.166667, 0.083333, 0.5]
    assert (search["over_cycles"], search["hours"], search["replicas"]) == (0, 0, 0)


def test_days_that_were_audited_are_counted_as_audited_and_only_once(ledger: Warehouse) -> None:
    # Yesterday was audited, and found other counts than the live ledger has; the day before as well.
    peak = {"peak_measured": 15, "peak_cycle": LONG_AGO, "last_cycle": LONG_AGO, "last_measured": 3}
    load(ledger, "subject_days", [audited_day(days, over_cycles=12, **peak) for days in range(8)])
    counted = ask(
        ledger,
        "SELECT SUM(judged_cycles) AS judged, SUM(over_cycles) AS over_cycles FROM `{d}.burn_down`"
        " WHERE api_id = 'orders'",
    )
    assert counted == [{"judged": 8 * 288, "over_cycles": 8 * 12}]
    [orders] = ask(ledger, "SELECT * FROM `{d}.headroom` WHERE api_id = 'orders'")
    assert (orders["peak_measured"], orders["measured"], orders["headroom_replicas"]) == (15, 3, 1)


def test_headroom_is_of_the_limit_as_it_is_now(ledger: Warehouse) -> None:
    idle, orders = ask(ledger, "SELECT * FROM `{d}.headroom` ORDER BY limit_id")
    assert (orders["max_replicas"], orders["peak_measured"], orders["headroom_replicas"]) == (16, 14, 2)
    assert (orders["peak_cycle"], orders["last_cycle"], orders["measured"]) == (NOON, NOON + PERIOD, 12)
    assert orders["utilisation"] == 14 / 16
    assert (idle["limit_id"], idle["subject"], idle["utilisation"]) == ("prod.shop.idle", None, None)
