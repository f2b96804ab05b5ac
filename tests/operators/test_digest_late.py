"""Observations that came after their cycle was judged: no page, one digest, and a difference that the audit names."""

import datetime as dt

import pytest

from pedwatch.audit.differences import causes_of
from pedwatch.audit.judged import side_by_side
from pedwatch.hooks.parameters import Typed
from pedwatch.tasks.digest import write_digest
from tests.e2e.stand_ins import cycle_at
from tests.e2e.watched_world import World, workload

EU, US = "eu-prod-1", "us-prod-1"
TOMORROW = dt.datetime(2026, 3, 3, 8, 0, tzinfo=dt.UTC)


@pytest.fixture
def shop(world: World) -> World:
    """A steady API in one cluster; in the other one that goes far over its limit when nobody sees it."""
    world.holds(EU, workload("steady", 2))
    world.holds(US, workload("orders", 3))
    world.run(1).go()
    world.holds(US, workload("orders", 20))
    return world


def held_back(world: World, number: int) -> None:
    """Run a cycle while the objects of one cluster are on their way, then let them arrive."""
    run = world.run(number).go(until="collect")
    bucket = world.storage.bucket(world.config.bucket)
    stamp = f"{cycle_at(number):%Y%m%dT%H%M%SZ}"
    late = [blob for blob in bucket.list_blobs() if US in blob.name and stamp in blob.name]
    assert len(late) == 2, "rows and manifest"
    kept = [(blob, blob.download_as_bytes(raw_download=True)) for blob in late]
    for blob in late:
        blob.delete()
    run.go()
    for blob, content in kept:
        blob.upload_from_string(content)


def digest(world: World, now: dt.datetime) -> list[str]:
    """Write a digest as the DAG does; return the platform's words and the team's."""
    write_digest(world.warehouse, world.config, now, f"digest-{now:%d}", may_notify=True)
    rows = [row for row in world.rows("notifications") if row["created_at"] == now]
    return [row["message"] for row in sorted(rows, key=lambda row: row["team_id"] or "")]


def test_late_observations_page_nobody_and_are_told_by_one_digest(shop: World) -> None:
    held_back(shop, 2)
    shop.holds(US, workload("orders", 3))
    shop.run(3).go()
    runs = {(row["cycle"], row["cluster"]): row["status"] for row in shop.rows("collection_runs")}
    assert runs[cycle_at(2), US] == "complete", "known by now"
    assert (shop.rows("notifications"), shop.texts()) == ([], []), "20 of 8, far over, and learnt late: no page"

    platform, orders = digest(shop, TOMORROW)
    for message in (platform, orders):
        assert "us-prod-1: 1 cycle, Mon 02 Mar 10:25, known Mon 02 Mar 10:30" in message
        assert EU not in message
    for message in digest(shop, TOMORROW + dt.timedelta(days=1)):
        assert "late" not in message

    span = {"period_start": cycle_at(1), "period_end": cycle_at(4)}
    span |= {name: Typed("ARRAY<STRING>", []) for name in ("teams", "apis")}
    live = shop.warehouse.run("audit/period_ledger.sql", span)
    then = shop.warehouse.run("audit/period_verdicts.sql", {**span, "known_at": Typed("TIMESTAMP", None)})
    found = {
        (item.cycle, item.subject["api_id"]): causes
        for item in side_by_side(then, then, live)
        if (causes := causes_of(item, is_cycle_judged_live=True))
    }
    assert found == {(cycle_at(2), "orders"): ("late_data",)}


def test_a_run_that_collected_and_died_is_told_to_the_platform_only(shop: World) -> None:
    shop.run(2).go(until="collect")
    shop.run(3).go()
    calls = len(shop.texts())
    platform, orders = digest(shop, TOMORROW)
    assert "Observations that arrived late (2): " in platform
    assert "eu-prod-1: 1 cycle, Mon 02 Mar 10:25" in platform and "us-prod-1: 1 cycle, Mon 02 Mar 10:25" in platform
    assert "arrived late" not in orders
    assert len(shop.texts()) == calls


def test_what_was_seen_in_time_is_not_told(shop: World) -> None:
    for number in (2, 3):
        shop.run(number).go(times=2)
    for message in digest(shop, TOMORROW):
        assert "late" not in message
