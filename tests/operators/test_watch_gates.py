"""What a run may do: backfills, stale and manual runs tell nobody, and delay a message without consuming it."""

import csv
import dataclasses
import datetime as dt
import hashlib
import io
import json
from collections.abc import Callable

import pytest

from tests.e2e.stand_ins import cycle_at
from tests.e2e.watched_world import World, workload

FILES = ["coverage.csv", "limits.csv", "manifest.json", "verdicts.csv"]


@pytest.fixture
def over(world: World) -> World:
    """One API far over its limit."""
    world.holds("eu-prod-1", workload("orders", 20))
    return world


def test_a_manual_run_without_leave_writes_no_outbox_row_and_the_next_live_run_tells(over: World) -> None:
    over.run(1, "manual").go()
    assert [row["state"] for row in over.rows("episodes")] == ["firing"]
    assert (over.rows("notifications"), over.texts(), over.slack.calls()) == ([], [], [])
    over.run(2).go()
    [row] = over.rows("notifications")
    assert (row["reason"], row["status"], row["cycle"]) == ("first", "sent", cycle_at(2))
    [text] = over.texts("C0ORDERS")
    assert "orders runs 20 pods" in text


def test_what_began_and_ended_behind_a_closed_gate_is_never_told(over: World) -> None:
    over.run(1, "manual").go()
    over.holds("eu-prod-1")
    over.run(2, "manual").go()
    assert [row["state"] for row in over.rows("episodes")] == ["resolved"]
    over.run(3).go()
    assert (over.rows("notifications"), over.texts()) == ([], [])


def test_what_ended_behind_a_closed_gate_is_told_when_it_opens(over: World) -> None:
    over.run(1).go()
    over.holds("eu-prod-1")
    over.run(2, "manual").go()
    assert len(over.rows("notifications")) == 1
    over.run(3).go()
    assert sorted(row["reason"] for row in over.rows("notifications")) == ["first", "resolved"]
    assert over.texts("C0ORDERS")[-1].count("Resolved") == 1


def test_a_manual_run_with_leave_tells(over: World) -> None:
    over.run(1, "manual", allow_notify=True).go()
    assert len(over.texts("C0ORDERS")) == 1


def test_a_team_in_shadow_hears_nothing_and_its_outbox_says_what_it_would_have_heard(
    make_world: Callable[..., World],
) -> None:
    teams = {"orders": {"channel": "C0ORDERS", "mode": "suppressed"}}
    world = make_world(slack={"platform_channel": "C0PLATFORM", "teams": teams})
    world.holds("eu-prod-1", workload("orders", 20))
    world.run(1).go()
    [row] = world.rows("notifications")
    assert (row["status"], row["destination"]) == ("suppressed", "suppressed")
    assert "orders runs 20 pods" in row["message"]
    assert world.slack.calls() == []


@pytest.mark.parametrize("run_type", ["backfill", "manual", "scheduled", "some_new_type"])
def test_the_past_is_compared_again_and_nothing_else_happens(over: World, run_type: str) -> None:
    over.run(1, "manual").go()
    over.run(2, "manual").go()
    tables, objects = over.tables(), [blob.name for blob in over.storage.list_blobs(over.config.bucket)]
    folders = []
    for number in (1, 2):
        run = over.run(number, run_type, run_id=f"again-{number}", allow_notify=True, label="march")
        over.at(cycle_at(2) + dt.timedelta(hours=1))
        run.go()
        assert (run.plan["origin"], run.told("plan_cycle")) == ("backfill", [])
        folders.append(run.told("write_evidence").removeprefix(f"gs://{over.config.bucket}/"))
    assert over.slack.calls() == []
    after = over.tables()
    after["heartbeats"] = [row for row in after["heartbeats"] if not row["run_id"].startswith("again-")]
    assert after == tables
    new = [blob.name for blob in over.storage.list_blobs(over.config.bucket) if blob.name not in objects]
    assert new == sorted(f"{folder}/{name}" for folder in folders for name in FILES)


def test_a_backfill_that_knows_better_adds_revisions_and_its_evidence_says_so(over: World) -> None:
    run = over.run(1).go()
    before = {name: rows for name, rows in over.tables().items() if name not in ("verdicts", "heartbeats")}
    learn_late_that_orders_may_run_30(over)
    calls = len(over.slack.calls())
    over.at(cycle_at(1) + dt.timedelta(days=30))
    # Reprocessing keeps the run and its id, and flips its type.
    dataclasses.replace(run.clear(), run_type="backfill", params={"label": "april"}).go()
    orders = [row for row in over.rows("verdicts") if row["api_id"] == "orders"]
    found = {(row["origin"], row["revision"], row["verdict"], row["ceiling"]) for row in orders}
    assert found == {("live", 1, "over_limit", 8), ("backfill", 2, "within_limit", 30)}
    after = over.tables()
    assert {name: after[name] for name in before} == before, "episodes, outbox and cursor are live: they stay"
    assert len(over.slack.calls()) == calls
    [beat] = over.rows("heartbeats")
    assert (beat["run_type"], beat["notifications_sent"]) == ("backfill", 0), "not what the live run has sent"

    folder = run.told("write_evidence").removeprefix(f"gs://{over.config.bucket}/")
    assert folder == "audits/april/20260302T102000Z"
    bucket = over.storage.bucket(over.config.bucket)
    files = {name: bucket.blob(f"{folder}/{name}").download_as_bytes() for name in FILES}
    manifest = json.loads(files.pop("manifest.json"))
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == hashes
    rows = list(csv.DictReader(io.StringIO(files["verdicts.csv"].decode())))
    [judged] = [row for row in rows if row["api_id"] == "orders"]
    assert (judged["verdict"], judged["max_replicas"], judged["origin"]) == ("within_limit", "30", "backfill")


def learn_late_that_orders_may_run_30(world: World) -> None:
    """Write what a sync does that finds a back-dated limit two days later."""
    then, mine = "TIMESTAMP '2026-03-04 00:00:00+00'", world.config.dataset
    world.warehouse.client.query(
        f"INSERT INTO `{mine}.limit_history` SELECT * REPLACE (30 AS max_replicas, 2 AS version,"
        f" {then} AS recorded_from) FROM `{mine}.limit_history` WHERE api_id = 'orders';"
        f"UPDATE `{mine}.limit_history` SET recorded_to = {then} WHERE api_id = 'orders' AND version = 1;"
        f"INSERT INTO `{mine}.limit_sync_runs` SELECT * REPLACE ('later' AS sync_id, {then} AS read_time)"
        f" FROM `{mine}.limit_sync_runs`"
    ).result()
