"""Publish → Firestore → sync → limit_history → limits_as_of, with the servers as processes and the real clients.

Each story is told to the stand-in and, where it is installed, to Google's own Java emulator of Firestore.
"""

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud.firestore import SERVER_TIMESTAMP

from pedwatch.config import Config, Firestore
from pedwatch.config.commits import Commit
from pedwatch.cycles import PERIOD
from pedwatch.errors import LedgerError
from pedwatch.limits.known import LastSync
from pedwatch.limits.sync import plan_sync
from pedwatch.tasks.limits_sync import stood_before
from sandbox.firestore.tests.servers import find_java_emulator, java_emulator
from tests.conftest import Server
from tests.operators.limit_slice import CHECKS, NAME, Slice, slice_
from tests.unit.limits.samples import exemption, limit

__all__ = ["slice_"]


@pytest.fixture(scope="session")
def java_server() -> Iterator[Server]:
    """The Java emulator, where there is one: see sandbox/firestore/tests/servers.py for where it is looked for."""
    jar = find_java_emulator()
    if not jar or not shutil.which("java"):
        pytest.skip("no Java emulator: set FIRESTORE_EMULATOR_JAR or install google-cloud-cli-firestore-emulator")
    with java_emulator(jar) as address:
        yield Server(address, None)


@pytest.fixture(params=["stand-in", "java"])
def which_server(request: pytest.FixtureRequest) -> str:
    """Which of the two. A parameter of ``firestore_server`` itself would start the session's one for each test anew."""
    return request.param


@pytest.fixture
def firestore_server(which_server: str, request: pytest.FixtureRequest, firestore_server: Server) -> Server:
    """Each of the two in turn, in the place of the one that other tests take."""
    return firestore_server if which_server == "stand-in" else request.getfixturevalue("java_server")


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


def test_a_sync_that_finds_nothing_writes_one_row_and_touches_no_other_table(slice_: Slice) -> None:
    slice_.publish(limit(12))
    slice_.sync()
    since = dt.datetime.now(dt.UTC)
    slice_.sync("quiet")
    # What was published a moment ago is read once more, and found to be known.
    assert slice_.asked(since) == ["limits-current_beliefs", "limits-record_sync"]
    [row] = [row for row in slice_.rows("limit_sync_runs") if row["sync_id"] == "quiet"]
    assert (row["documents_known"], row["changes"], row["rejections"]) == (1, 0, 0)
    assert row["policy_version"] == slice_.config.policy_version


def test_where_the_run_before_stood_is_not_believed_when_the_ledger_knows_better(slice_: Slice) -> None:
    slice_.publish(limit(12))
    slice_.sync()
    stale = slice_.before
    slice_.publish(limit(13))
    slice_.sync()
    slice_.before, since = stale, dt.datetime.now(dt.UTC)
    plan = slice_.sync("overtaken")
    assert plan and plan.versions_written == 0
    assert "limits-last_sync" in slice_.asked(since)
    assert slice_.sync("overtaken") is None, "it is committed, whatever it is told"
    assert slice_.now() == {NAME: 13}
    assert len(slice_.rows("limit_history")) == 3
    assert slice_.offences() == []


@pytest.mark.parametrize(
    ("told", "minutes"),
    [(None, 0), ({}, 0), ({"stands": {"read_time": "yesterday"}}, 0), ({"note": "committed already"}, 0), ("ok", 15)],
    ids=["no run before", "an older build", "another build", "nothing", "long ago"],
)
def test_what_the_run_before_says_is_used_only_when_it_is_understood_and_new(told: Any, minutes: int) -> None:
    read_time = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
    stood = LastSync(read_time, read_time, 5, Firestore(project="p"), 0, "v1")
    good = {"stands": json.loads(json.dumps(stood.to_json()))}
    now = read_time + dt.timedelta(minutes=minutes)
    assert stood_before(good, read_time + dt.timedelta(minutes=10), PERIOD) == stood
    assert stood_before(good if told == "ok" else told, now, PERIOD) is None


def test_a_quiet_sync_is_recorded_once_and_not_behind_another(slice_: Slice) -> None:
    slice_.publish(limit(12))
    slice_.sync()
    last, _ = slice_.ledger.last_sync("quiet")
    plan = plan_sync(slice_.store, slice_.ledger, last)
    assert not plan.is_news_after(last, slice_.config.policy_version)
    for _ in range(2):
        slice_.ledger.commit(plan, last, "quiet", plan.read_time, slice_.config)
    with pytest.raises(LedgerError, match="another limit sync was committed meanwhile"):
        slice_.ledger.commit(plan, last, "overtaken", plan.read_time, slice_.config)
    assert [row["sync_id"] for row in slice_.rows("limit_sync_runs")].count("quiet") == 1


def test_a_changed_policy_is_news(slice_: Slice) -> None:
    slice_.publish(limit(12))
    slice_.sync()
    last, _ = slice_.ledger.last_sync("next")
    plan = plan_sync(slice_.store, slice_.ledger, last)
    assert plan.is_news_after(last, "another policy")


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
    slice_.ledger.commit(plan, None, "scheduled__x", moment, slice_.config)
    before = slice_.history()
    slice_.ledger.commit(plan, None, "scheduled__x", moment, slice_.config)
    assert slice_.history() == before


def test_of_two_syncs_from_the_same_state_only_one_commits(slice_: Slice) -> None:
    slice_.publish(limit(12))
    ours = plan_sync(slice_.store, slice_.ledger, None)
    slice_.sync("theirs")
    before = slice_.history()
    with pytest.raises(LedgerError, match="another limit sync was committed meanwhile"):
        slice_.ledger.commit(ours, None, "ours", ours.read_time, slice_.config)
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


def test_what_came_and_went_between_two_syncs_held_meanwhile(slice_: Slice) -> None:
    """Written, edited and deleted for good: its archive is all that is left, and a full sync looks there."""
    slice_.publish(limit(5, name="other"))
    slice_.sync()
    slice_.publish(limit(5, name="other"), limit(10))
    then = slice_.store.server_time()
    slice_.publish(limit(5, name="other"), limit(11))
    later = slice_.store.server_time()
    slice_.documents.document(NAME).delete()
    plan = slice_.sync(is_full=True)
    assert plan and plan.versions_written == 3
    assert (slice_.as_of(then)[NAME], slice_.as_of(later)[NAME]) == (10, 11)
    assert slice_.now() == {f"{NAME}.other": 5}
    before = slice_.history()
    slice_.sync(is_full=True)
    assert slice_.history() == before


def test_a_limit_deleted_for_good_can_be_granted_again(slice_: Slice) -> None:
    slice_.publish(limit(10))
    slice_.publish(limit(11))
    slice_.sync()
    slice_.documents.document(NAME).delete()
    slice_.sync()
    slice_.publish(limit(12))
    slice_.sync()
    assert slice_.now() == {NAME: 12}
    versions = [row["document_version"] for row in slice_.rows("limit_history")]
    assert max(versions) == 3


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
    [ended] = slice_.rows("limit_rejections")
    assert (ended["is_current"], ended["first_seen"]) == (False, again["first_seen"])
    assert again["last_seen"] < ended["last_seen"] < slice_.rows("limit_sync_runs")[-1]["read_time"]
    assert slice_.now() == {NAME: 12}

    # The same once more is another stay: what was known in between does not change.
    slice_.documents.document(NAME).update({"max_replicas": "many", "updated_at": SERVER_TIMESTAMP})
    plan = slice_.sync()
    rejections = sorted(slice_.rows("limit_rejections"), key=lambda row: row["first_seen"])
    assert plan and rejections[0] == ended
    assert [(row["first_seen"], row["is_current"]) for row in rejections[1:]] == [(plan.read_time, True)]


def test_the_policy_is_versioned_and_its_first_version_always_held(slice_: Slice) -> None:
    slice_.sync()
    ancient = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    [defaults] = policies_of(slice_, ancient)
    assert (defaults["policy_version"], defaults["grace_minutes"]) == (slice_.config.policy_version, 10)

    changed = {
        "defaults": {"grace_minutes": 20},
        "teams": {"orders": {"tolerance_count": 1, "apis": {"orders-api": {"grace_minutes": 0}}}},
        "approvers": [{"id": "ana@platform", "team_id": "platform"}],
    }
    slice_.config = replace_policy(slice_.config, changed)
    plan = slice_.sync()
    assert plan
    rows = policies_of(slice_, plan.read_time)
    found = {(row["team_id"], row["api_id"]): (row["grace_minutes"], row["tolerance_count"]) for row in rows}
    assert found == {(None, None): (20, 0), ("orders", None): (20, 1), ("orders", "orders-api"): (0, 1)}
    assert [row["approvers"] for row in rows] == [[{"approver": "ana@platform", "team_id": "platform"}]] * 3
    before = plan.read_time - dt.timedelta(microseconds=1)
    [earlier] = policies_of(slice_, before)
    assert earlier["policy_version"] == defaults["policy_version"]
    policies = slice_.rows("policy_history")
    slice_.sync()
    assert slice_.rows("policy_history") == policies


@pytest.mark.parametrize("which_server", ["stand-in"])
def test_a_version_of_the_policy_names_the_commits_since_the_one_before(slice_: Slice) -> None:
    """Also those of deploys between, which changed nothing; what a file says that names none is not made up."""

    def made_by(*names: str, tolerance: int) -> list[str]:
        at = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
        slice_.ledger.policy_commits = [Commit(name, f"{name} <a@b>", at, None) for name in names]
        slice_.config = replace_policy(slice_.config, {"defaults": {"tolerance_count": tolerance}})
        slice_.sync()
        rows = [row for row in slice_.rows("policy_history") if row["valid_to"].year == 9999]
        return [commit["commit"] for commit in rows[0]["commits"]]

    assert made_by("c2", "c1", tolerance=0) == ["c2"], "how far the list reaches back is not known"
    assert made_by("c4", "c3", "c2", "c1", tolerance=1) == ["c4", "c3"]
    assert made_by("c4", "c3", "c2", "c1", tolerance=2) == [], "a variable, or an edit where it lies"
    assert made_by(tolerance=3) == []
    assert made_by("c5", "c4", "c3", tolerance=4) == ["c5"]
    assert made_by("c2", "c1", tolerance=0) == [], "an older build was brought back"


@pytest.mark.parametrize("which_server", ["stand-in"])
def test_retired_clusters_and_suppressed_teams_are_of_the_policy(slice_: Slice) -> None:
    slice_.sync()
    changed = slice_.config.model_dump()
    changed["retired_clusters"] = ["eu-0"]
    changed["slack"]["teams"] = {"shop": {"channel": "C0SHOPSHOP", "mode": "suppressed"}}
    before, slice_.config = slice_.config.policy_version, Config.model_validate(changed)
    assert slice_.config.policy_version != before
    plan = slice_.sync()
    assert plan
    [row] = policies_of(slice_, plan.read_time)
    assert (row["retired_clusters"], row["suppressed_teams"], row["advisories"]) == (["eu-0"], ["shop"], [])


def policies_of(slice_: Slice, moment: dt.datetime) -> list[dict[str, Any]]:
    """Return the rows of the policy in force at a moment."""
    return [row for row in slice_.rows("policy_history") if row["valid_from"] <= moment < row["valid_to"]]


def replace_policy(config: Config, policy: dict[str, Any]) -> Config:
    """Return the configuration with another policy."""
    return Config.model_validate(config.model_dump() | {"policy": policy})


def _row(table: str, **changed: str) -> str:
    """Return a statement that repeats the rows of a table with other values."""
    values = ", ".join(f"{value} AS {name}" for name, value in changed.items())
    return f"INSERT INTO `{{dataset}}.{table}` SELECT * REPLACE ({values}) FROM `{{dataset}}.{table}`"


LONG_AGO = "TIMESTAMP '2000-01-01 00:00:00+00'"
BREAKS = {
    "overlap": (_row("limit_history", version="version + 1"), {"two_current", "count_differs", "listing_differs"}),
    "inverted_range": (_row("limit_history", version="version + 1", valid_to=LONG_AGO), set()),
    "two_current": (
        f"UPDATE `{{dataset}}.limit_history` SET valid_to = {LONG_AGO}, valid_from = TIMESTAMP '1999-01-01 00:00:00+00'"
        " WHERE TRUE",
        {"count_differs", "listing_differs"},
    ),
    "version_gap": ("UPDATE `{dataset}.limit_history` SET version = 3 WHERE TRUE", set()),
    "history_shorter": ("UPDATE `{dataset}.limit_history` SET versions_missing = 2 WHERE TRUE", set()),
    "count_differs": ("DELETE FROM `{dataset}.limit_history` WHERE TRUE", {"listing_differs"}),
    "listing_differs": (
        "UPDATE `{dataset}.limit_history` SET document_update_time = "
        "TIMESTAMP_SUB(document_update_time, INTERVAL 1 MICROSECOND) WHERE TRUE",
        set(),
    ),
}


@pytest.mark.parametrize("which_server", ["stand-in"])
def test_a_check_finds_what_it_is_for_and_is_silent_before(config: Config, limit_store: Any, warehouse: Any) -> None:
    path = Slice(config, limit_store, warehouse)
    path.publish(limit(10))
    path.documents.document("prod.x.y").set({"max_replica": 1})
    path.sync()
    assert path.offences() == []

    def run(statement: str) -> None:
        warehouse.client.query(statement.format(dataset=config.dataset)).result()

    run("CREATE TABLE `{dataset}.whole` AS SELECT * FROM `{dataset}.limit_history`")
    for check, (statement, beside) in BREAKS.items():
        run(statement)
        assert set(path.offences()) == {f"checks/limits_{name}.sql" for name in {check, *beside}}, check
        run("DELETE FROM `{dataset}.limit_history` WHERE TRUE")
        run("INSERT INTO `{dataset}.limit_history` SELECT * FROM `{dataset}.whole`")
    assert path.offences() == []
    assert {f"checks/limits_{check}.sql" for check in BREAKS} == set(CHECKS)


@pytest.mark.parametrize("which_server", ["stand-in"])
def test_a_history_shorter_than_firestores_is_found(config: Config, limit_store: Any, warehouse: Any) -> None:
    """Somebody removed a version from the archive before a sync could read it."""
    path = Slice(config, limit_store, warehouse)
    path.publish(limit(10))
    path.sync()
    for ceiling in (11, 12, 13):
        path.publish(limit(ceiling))
    path.documents.document(NAME).collection("history").document("000003").delete()
    path.sync()
    path.publish(limit(14))
    path.sync()
    [found] = path.warehouse.run("checks/limits_history_shorter.sql")
    assert (found["limit_id"], found["document_version"], found["versions_missing"]) == (NAME, 4, 1)
    assert path.offences() == ["checks/limits_history_shorter.sql"]
