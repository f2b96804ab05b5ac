"""Publish → Firestore → sync → limit_history → limits_as_of, with both servers as processes and the real clients."""

import datetime as dt
import itertools
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud.firestore import SERVER_TIMESTAMP

from pedwatch.config import Config
from pedwatch.errors import LedgerError, LimitStoreError
from pedwatch.hooks.clients import AsPerson
from pedwatch.hooks.limit_ledger import BigQueryLimits
from pedwatch.hooks.limit_store import FirestoreLimits
from pedwatch.hooks.limit_sync import sync_limits
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.limits.document import PedLimit
from pedwatch.limits.publishing import plan_changes, write_of
from pedwatch.limits.sync import plan_sync
from pedwatch.limits.sync_plan import SyncPlan
from tests.conftest import Server
from tests.unit.limits.samples import exemption, limit

NAME = "prod.orders.orders-api"
LONG_AGO = "TIMESTAMP '2000-01-01 00:00:00+00'"
TABLES = ("limit_history", "limit_rejections", "policy_history")


class Slice:
    """The whole path of a limit, as one test sees it."""

    def __init__(self, config: Config, store: FirestoreLimits, warehouse: Warehouse) -> None:
        self.config, self.store, self.warehouse = config, store, warehouse
        self.ledger = BigQueryLimits(warehouse)
        self.documents = AsPerson().firestore(config).collection(config.firestore.collection)
        self._runs = itertools.count(1)

    def publish(self, *limits: PedLimit, withdraw_missing: bool = False) -> None:
        """Publish limits as the command does."""
        changes = plan_changes(limits, self.store.matching(), withdraw_missing=withdraw_missing)
        self.store.write([write_of(change) for change in changes])

    def sync(self, sync_id: str | None = None) -> SyncPlan | None:
        """Sync as the DAG does."""
        name = sync_id or f"scheduled__{next(self._runs)}"
        return sync_limits(self.store, self.ledger, self.config.policy, name)

    def as_of(self, cycle: dt.datetime, known_at: dt.datetime | None = None) -> dict[str, int]:
        """Return max_replicas by limit, by the rule of limits_as_of.sql."""
        parameters = {"cycle": cycle, "known_at": known_at or self.store.server_time()}
        rows = self.warehouse.run("limits/limits_as_of.sql", parameters)
        assert len({row["limit_id"] for row in rows}) == len(rows)
        return {row["limit_id"]: row["max_replicas"] for row in rows}

    def now(self) -> dict[str, int]:
        """Return the limits in force now."""
        return self.as_of(self.store.server_time())

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of a table, in an order of their own."""
        job = self.warehouse.client.query(f"SELECT * FROM `{self.config.dataset}.{table}`")
        return sorted((dict(row.items()) for row in job.result()), key=str)

    def history(self) -> dict[str, list[dict[str, Any]]]:
        """Return the tables that a sync without news must not touch."""
        return {table: self.rows(table) for table in TABLES}


@pytest.fixture
def slice_(config: Config, limit_store: FirestoreLimits, warehouse: Warehouse) -> Iterator[Slice]:
    """An empty Firestore and an empty dataset; afterwards the history must pass its own checks."""
    found = Slice(config, limit_store, warehouse)
    yield found
    for check in ("overlap", "inverted_range", "two_current", "version_gap"):
        assert warehouse.run(f"checks/limits_{check}.sql") == []


@pytest.fixture
def faults(firestore_server: Server) -> Iterator[Any]:
    """Set a fault on Firestore (or end it, with no arguments); ended after the test."""

    def call(**fault: Any) -> None:
        body = json.dumps(fault).encode() if fault else None
        method = "PUT" if fault else "DELETE"
        urllib.request.urlopen(urllib.request.Request(f"{firestore_server.control}/fault", body, method=method)).close()

    yield call
    call()


def test_a_published_limit_is_in_force_after_the_next_sync(slice_: Slice) -> None:
    slice_.publish(limit(12, exemptions=[exemption()], selectors={"name": "orders-*"}, scope="workload"))
    plan = slice_.sync()
    assert plan and (plan.mode, plan.versions_written, plan.documents_known) == ("full", 1, 1)
    [row] = slice_.rows("limit_history")
    assert (row["limit_id"], row["version"], row["max_replicas"], row["scope"]) == (NAME, 1, 12, "workload")
    assert row["selectors"] == {"cluster": None, "namespace": None, "kind": None, "name": "orders-*", "labels": []}
    assert row["exemptions"][0]["starts_at"] == dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
    assert row["valid_from"] == row["document_update_time"]
    assert row["recorded_from"] == plan.read_time
    assert slice_.now() == {NAME: 12}
    assert slice_.as_of(row["valid_from"] - dt.timedelta(microseconds=1)) == {}


def test_syncing_the_same_state_twice_writes_nothing(slice_: Slice) -> None:
    slice_.publish(limit(12), limit(5, name="batch"))
    slice_.sync()
    before = slice_.history()
    plan = slice_.sync()
    assert plan and plan.versions_written == 0
    assert slice_.history() == before
    assert [row["changes"] for row in slice_.rows("limit_sync_runs")].count(0) == 1


def test_running_a_committed_sync_again_writes_nothing_at_all(slice_: Slice) -> None:
    slice_.publish(limit(12))
    slice_.sync("scheduled__x")
    slice_.publish(limit(13))
    before = slice_.history() | {"runs": slice_.rows("limit_sync_runs")}
    assert slice_.sync("scheduled__x") is None
    assert slice_.history() | {"runs": slice_.rows("limit_sync_runs")} == before


def test_a_commit_that_is_repeated_after_an_unclear_answer_writes_nothing(slice_: Slice) -> None:
    slice_.publish(limit(12))
    plan = plan_sync(slice_.store, slice_.ledger, None)
    moment = slice_.store.server_time()
    slice_.ledger.commit(plan, None, "scheduled__x", moment, slice_.config.policy)
    before = slice_.history()
    slice_.ledger.commit(plan, None, "scheduled__x", moment, slice_.config.policy)
    assert slice_.history() == before


def test_of_two_syncs_from_the_same_state_only_one_commits(slice_: Slice) -> None:
    slice_.publish(limit(12))
    ours = plan_sync(slice_.store, slice_.ledger, None)
    slice_.sync("theirs")
    before = slice_.history()
    with pytest.raises(LedgerError, match="another limit sync was committed meanwhile"):
        slice_.ledger.commit(ours, None, "ours", ours.read_time, slice_.config.policy)
    assert slice_.history() == before
    assert [row["sync_id"] for row in slice_.rows("limit_sync_runs")] == ["theirs"]


def test_two_edits_between_two_syncs_both_survive(slice_: Slice) -> None:
    slice_.publish(limit(10))
    slice_.sync()
    slice_.publish(limit(11))
    meanwhile = slice_.store.server_time()
    slice_.publish(limit(12))
    plan = slice_.sync()
    assert plan and (plan.mode, plan.versions_written) == ("incremental", 2)
    assert slice_.as_of(meanwhile) == {NAME: 11}
    assert slice_.as_of(meanwhile, known_at=meanwhile) == {NAME: 10}
    assert slice_.now() == {NAME: 12}


def test_a_back_dated_limit_holds_in_the_past_but_was_not_known_then(slice_: Slice) -> None:
    slice_.publish(limit(10, effective_from="2026-01-01T00:00:00Z"))
    slice_.sync()
    then = slice_.store.server_time()
    slice_.publish(limit(20, effective_from="2026-02-01T00:00:00Z"))
    slice_.sync()
    january, february = dt.datetime(2026, 1, 15, tzinfo=dt.UTC), dt.datetime(2026, 2, 15, tzinfo=dt.UTC)
    assert (slice_.as_of(january), slice_.as_of(february)) == ({NAME: 10}, {NAME: 20})
    assert slice_.as_of(february, known_at=then) == {NAME: 10}


def test_a_future_limit_waits_for_its_day(slice_: Slice) -> None:
    slice_.publish(limit(10))
    slice_.sync()
    day = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    slice_.publish(limit(20, effective_from=day))
    slice_.sync()
    assert slice_.as_of(day - dt.timedelta(microseconds=1)) == {NAME: 10}
    assert slice_.as_of(day) == {NAME: 20}


def test_an_effective_from_survives_the_round_trip_through_the_table(slice_: Slice) -> None:
    slice_.publish(limit(10, effective_from="2026-01-01T00:00:00Z", exemptions=[exemption(max_replicas=None)]))
    slice_.sync()
    before_the_edit = slice_.store.server_time()
    slice_.publish(limit(20, effective_from="2026-01-01T00:00:00Z", exemptions=[exemption(max_replicas=None)]))
    slice_.sync()
    assert slice_.as_of(before_the_edit) == {NAME: 10}
    assert slice_.now() == {NAME: 20}


def test_a_withdrawn_limit_is_gone_and_its_past_is_not(slice_: Slice) -> None:
    slice_.publish(limit(10))
    slice_.sync()
    then = slice_.store.server_time()
    slice_.publish(withdraw_missing=True)
    slice_.sync()
    assert (slice_.now(), slice_.as_of(then)) == ({}, {NAME: 10})
    slice_.publish(limit(11))
    slice_.sync()
    assert slice_.now() == {NAME: 11}


def test_a_hard_delete_becomes_a_tombstone(slice_: Slice) -> None:
    slice_.publish(limit(10), limit(5, name="batch"))
    slice_.sync()
    slice_.documents.document(NAME).delete()
    plan = slice_.sync()
    assert plan and (plan.mode, plan.documents_known) == ("full", 1)
    assert slice_.now() == {f"{NAME}.batch": 5}
    assert [row["is_deleted"] for row in slice_.rows("limit_history") if row["limit_id"] == NAME].count(True) == 1
    before = slice_.history()
    slice_.sync()
    assert slice_.history() == before


def test_an_invalid_document_then_mended(slice_: Slice) -> None:
    slice_.publish(limit(10))
    slice_.sync()
    slice_.documents.document(NAME).update({"max_replicas": "many", "updated_at": SERVER_TIMESTAMP})
    slice_.sync()
    [rejection] = slice_.rows("limit_rejections")
    assert rejection["reason"].startswith("max_replicas: must be a whole number, not 'many'")
    assert (rejection["is_current"], rejection["has_previous_limit"]) == (True, True)
    assert slice_.now() == {NAME: 10}

    slice_.sync()
    [again] = slice_.rows("limit_rejections")
    assert rejection["first_seen"] == again["first_seen"] < again["last_seen"]

    slice_.publish(limit(12))
    slice_.sync()
    assert [row["is_current"] for row in slice_.rows("limit_rejections")] == [False]
    assert slice_.now() == {NAME: 12}


@pytest.mark.parametrize("code", ["PERMISSION_DENIED", "UNAVAILABLE"])
@pytest.mark.parametrize("method", ["BatchGetDocuments", "RunQuery", "RunAggregationQuery"])
def test_a_failing_firestore_moves_nothing_and_the_next_sync_catches_up(
    slice_: Slice, faults: Any, code: str, method: str
) -> None:
    slice_.publish(limit(10))
    slice_.sync()
    slice_.publish(limit(11))
    before = slice_.history() | {"runs": slice_.rows("limit_sync_runs")}
    slice_.store = FirestoreLimits(
        AsPerson().firestore(slice_.config), slice_.config.firestore.collection, patience_seconds=0.1
    )
    faults(code=code, methods=[method])
    with pytest.raises(LimitStoreError, match="What to do: "):
        slice_.sync()
    faults()
    assert slice_.history() | {"runs": slice_.rows("limit_sync_runs")} == before
    slice_.sync()
    assert slice_.now() == {NAME: 11}


def test_the_policy_is_versioned_and_its_first_version_always_held(slice_: Slice) -> None:
    slice_.sync()
    ancient = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    [defaults] = slice_.warehouse.run("limits/policy_as_of.sql", {"cycle": ancient})
    assert (defaults["policy_version"], defaults["grace_minutes"]) == (slice_.config.policy.version, 10)

    changed = {
        "defaults": {"grace_minutes": 20},
        "teams": {"orders": {"tolerance_count": 1, "apis": {"orders-api": {"grace_minutes": 0}}}},
        "approvers": [{"id": "ana@platform", "team_id": "platform"}],
    }
    slice_.config = replace_policy(slice_.config, changed)
    plan = slice_.sync()
    assert plan
    rows = slice_.warehouse.run("limits/policy_as_of.sql", {"cycle": plan.read_time})
    found = {(row["team_id"], row["api_id"]): (row["grace_minutes"], row["tolerance_count"]) for row in rows}
    assert found == {(None, None): (20, 0), ("orders", None): (20, 1), ("orders", "orders-api"): (0, 1)}
    assert [row["approvers"] for row in rows] == [[{"approver": "ana@platform", "team_id": "platform"}]] * 3
    before = plan.read_time - dt.timedelta(microseconds=1)
    [earlier] = slice_.warehouse.run("limits/policy_as_of.sql", {"cycle": before})
    assert earlier["policy_version"] == defaults["policy_version"]
    policies = slice_.rows("policy_history")
    slice_.sync()
    assert slice_.rows("policy_history") == policies


def replace_policy(config: Config, policy: dict[str, Any]) -> Config:
    """Return the configuration with another policy."""
    return Config.model_validate(config.model_dump() | {"policy": policy})


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        ("overlap", {"version": 2}),
        ("inverted_range", {"valid_to": LONG_AGO}),
        ("two_current", {"version": 2}),
        ("version_gap", {"version": 3, "valid_to": LONG_AGO}),
    ],
)
def test_a_check_finds_what_it_is_for(
    config: Config, limit_store: FirestoreLimits, warehouse: Warehouse, check: str, spoil: dict[str, Any]
) -> None:
    path = Slice(config, limit_store, warehouse)
    path.publish(limit(10))
    path.sync()
    assert warehouse.run(f"checks/limits_{check}.sql") == []
    columns = [field.name for field in warehouse.client.get_table(f"{config.dataset}.limit_history").schema]
    table = f"`{config.dataset}.limit_history`"
    spoilt = ", ".join(str(spoil.get(name, name)) for name in columns)
    warehouse.client.query(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {spoilt} FROM {table}").result()
    assert [row["limit_id"] for row in warehouse.run(f"checks/limits_{check}.sql")] == [NAME]
