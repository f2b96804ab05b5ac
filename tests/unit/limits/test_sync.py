"""The plan of a sync against a model of Firestore: nothing lost, nothing twice, whatever happens between syncs."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedwatch.config import Firestore, LimitsSync
from pedwatch.errors import LimitStoreError, MassEndError, OtherSourceError
from pedwatch.limits.document import PedLimit
from pedwatch.limits.history import Statement
from pedwatch.limits.known import LastSync
from pedwatch.limits.learnt import SyncPlan
from pedwatch.limits.sync import FULL_EVERY, check_source, plan_sync
from tests.unit.limits.models import MemoryFirestore, MemoryLedger, naive_content, naive_limit
from tests.unit.limits.samples import limit, minutes

NAME = "prod.orders.orders-api"
OTHER = "prod.orders.orders-api.batch"
GUARD = LimitsSync()


class World:
    """Firestore, the ledger, and a clock that each step moves by five minutes."""

    def __init__(self) -> None:
        self.firestore = MemoryFirestore(minutes(0))
        self.ledger = MemoryLedger()

    def wait(self, count: float = 1) -> None:
        """Let minutes pass."""
        self.firestore.now += dt.timedelta(minutes=count)

    def sync(self, reader: MemoryFirestore | None = None, guard: LimitsSync | None = GUARD) -> SyncPlan:
        """Sync, a minute later; from another database if one is given."""
        self.wait()
        if reader is not None:
            reader.now = self.firestore.now
        plan = plan_sync(reader or self.firestore, self.ledger, self.ledger.last, guard=guard)
        self.ledger.commit(plan)
        self.wait()
        return plan

    def now(self) -> dict[str, int]:
        """Return the limits in force now, as known now."""
        return self.ledger.as_of(self.firestore.now, self.firestore.now)


@pytest.fixture
def world() -> World:
    world = World()
    world.firestore.publish(limit(10))
    world.sync()
    return world


def test_the_first_sync_is_full_and_takes_all() -> None:
    world = World()
    world.firestore.publish(limit(10), limit(5, name="batch"))
    assert world.sync().mode == "full"
    assert world.now() == {NAME: 10, OTHER: 5}


def test_an_empty_database_syncs_too() -> None:
    world = World()
    plan = world.sync()
    assert (plan.documents_known, plan.mode) == (0, "full")


def test_syncing_twice_writes_nothing_more(world: World) -> None:
    rows = list(world.ledger.rows)
    plan = world.sync()
    assert (plan.mode, plan.changes, plan.versions_written) == ("incremental", {}, 0)
    assert world.ledger.rows == rows


def test_an_incremental_sync_reads_what_changed_only(world: World) -> None:
    world.firestore.publish(*(limit(1, name=f"n{number}") for number in range(20)), limit(10))
    world.sync()
    world.wait(20)  # beyond the overlap
    world.sync()
    world.firestore.reads = 0
    world.firestore.publish(limit(11))
    plan = world.sync()
    assert (plan.mode, plan.documents_read, world.firestore.reads) == ("incremental", 1, 1)


def test_two_edits_between_two_syncs_both_survive(world: World) -> None:
    world.wait(5)
    world.firestore.publish(limit(11))
    first = world.firestore.now
    world.wait(2)
    world.firestore.publish(limit(12))
    plan = world.sync()
    known = world.firestore.now
    assert plan.versions_written == 2
    assert world.ledger.as_of(first, known) == {NAME: 11}
    assert world.now() == {NAME: 12}


def test_a_limit_withdrawn_and_granted_again_between_two_syncs_was_gone_meanwhile(world: World) -> None:
    world.wait(5)
    world.firestore.publish(withdraw_missing=True)
    gone = world.firestore.now
    world.wait(2)
    world.firestore.publish(limit(10))
    world.sync()
    assert world.ledger.as_of(gone, world.firestore.now) == {}
    assert world.now() == {NAME: 10}


def test_a_hard_delete_is_found_by_the_count(world: World) -> None:
    world.wait(5)
    world.firestore.put(NAME, None)
    before = world.firestore.now
    plan = world.sync()
    assert (plan.mode, plan.documents_known) == ("full", 0)
    assert world.now() == {}
    # Nobody dated the deletion: until it was noticed, the limit stands.
    assert world.ledger.as_of(before, world.firestore.now) == {NAME: 10}


def test_a_hard_delete_beside_a_new_document_is_found(world: World) -> None:
    world.wait(5)
    world.firestore.put(NAME, None)
    world.firestore.publish(limit(5, name="batch"))
    assert world.sync().mode == "full"
    assert world.now() == {OTHER: 5}


def test_a_console_edit_is_found_by_the_hourly_listing(world: World) -> None:
    world.wait(15)  # beyond the overlap
    world.sync()
    data = dict(world.firestore.states[NAME][-1][1] or {})
    world.firestore.put(NAME, data | {"max_replicas": 99})
    edited = world.firestore.now
    assert world.sync().mode == "incremental"
    assert world.now() == {NAME: 10}
    world.wait(FULL_EVERY / dt.timedelta(minutes=1))
    assert world.sync().mode == "full"
    assert world.ledger.as_of(edited, world.firestore.now) == {NAME: 99}


def test_a_full_sync_can_be_asked_for(world: World) -> None:
    world.wait(15)
    world.sync()
    data = dict(world.firestore.states[NAME][-1][1] or {})
    world.firestore.put(NAME, data | {"max_replicas": 99})
    world.wait()
    assert plan_sync(world.firestore, world.ledger, world.ledger.last).mode == "incremental"
    assert plan_sync(world.firestore, world.ledger, world.ledger.last, is_full=True).changes


def test_a_console_edit_published_over_before_any_sync_survives(world: World) -> None:
    world.wait(15)
    data = dict(world.firestore.states[NAME][-1][1] or {})
    world.firestore.put(NAME, data | {"max_replicas": 99})
    edited = world.firestore.now
    world.wait()
    world.firestore.publish(limit(10))
    world.sync()
    assert world.ledger.as_of(edited, world.firestore.now) == {NAME: 99}
    assert world.now() == {NAME: 10}


def _broken(world: World, name: str = NAME, **wrong: Any) -> dict[str, Any]:
    data = dict(world.firestore.states[name][-1][1] or {})
    return data | {"updated_at": world.firestore.now} | wrong


def test_an_invalid_document_is_recorded_and_the_last_valid_one_stays(world: World) -> None:
    world.wait(5)
    world.firestore.put(NAME, _broken(world, max_replicas=-1))
    plan = world.sync()
    [rejection] = plan.rejections
    assert rejection.reason == "max_replicas: must be 0 or more, not -1"
    assert (rejection.has_previous_limit, rejection.is_current) == (True, True)
    assert world.now() == {NAME: 10}


def test_an_invalid_document_stays_recorded_until_it_is_mended(world: World) -> None:
    world.wait(5)
    world.firestore.put(NAME, _broken(world, max_replicas="12"))
    world.sync()
    world.wait(30)
    assert [rejection.document_id for rejection in world.sync().rejections] == [NAME]
    world.firestore.publish(limit(12))
    assert [rejection.is_current for rejection in world.sync().rejections] == [False]
    assert world.now() == {NAME: 12}


def test_an_invalid_document_that_never_had_a_limit_says_so() -> None:
    world = World()
    world.firestore.put("prod.x.y", {"updated_at": minutes(0), "max_replica": 1})
    [rejection] = world.sync().rejections
    assert not rejection.has_previous_limit
    assert "max_replica: unknown key; did you mean max_replicas?" in rejection.reason
    world.firestore.put("prod.x.y", None)
    assert world.sync().rejections == ()


def test_a_document_under_a_foreign_id_is_rejected(world: World) -> None:
    world.firestore.put("prod.orders.other", _broken(world))
    assert "is stored as prod.orders.other" in world.sync().rejections[0].reason


def test_a_clock_that_went_back_stops_the_sync(world: World) -> None:
    world.firestore.now = minutes(-60)
    with pytest.raises(LimitStoreError, match="never written backwards"):
        plan_sync(world.firestore, world.ledger, world.ledger.last)


def _many(count: int, ceiling: int = 12) -> World:
    """Return a world in which so many limits are known."""
    world = World()
    world.firestore.publish(*(limit(ceiling, name=f"n{number}") for number in range(count)))
    world.sync()
    world.wait(20)  # beyond the overlap
    world.sync()
    return world


def test_an_empty_database_ends_no_limits_and_what_stands_goes_on() -> None:
    """Once 200 limits were ended so, without a word, and came back never."""
    world = _many(200)
    rows, last = list(world.ledger.rows), world.ledger.last
    empty = MemoryFirestore(world.firestore.now)
    with pytest.raises(MassEndError, match=r"200 of 200 limits would end.*allow_mass_end"):
        world.sync(empty)
    assert (world.ledger.rows, world.ledger.last) == (rows, last)
    assert world.sync().changes == {}
    assert len(world.now()) == 200


@pytest.mark.parametrize(
    ("known", "gone", "guard", "is_refused"),
    [
        pytest.param(100, 20, LimitsSync(), False, id="a fifth is let pass"),
        pytest.param(100, 21, LimitsSync(), True, id="more than a fifth is not"),
        pytest.param(10, 10, LimitsSync(), False, id="ten are let pass, whatever share they are"),
        pytest.param(11, 11, LimitsSync(), True, id="eleven of eleven are not"),
        pytest.param(3, 1, LimitsSync(max_ended_count=0), True, id="a small fleet that counts from the first"),
        pytest.param(100, 30, LimitsSync(max_ended_ratio=0.5), False, id="a share of one's own"),
        pytest.param(100, 100, None, False, id="asked for"),
    ],
)
def test_how_many_limits_may_end_at_once(known: int, gone: int, guard: LimitsSync | None, is_refused: bool) -> None:
    world = _many(known)
    for number in range(gone):
        world.firestore.put(f"{NAME}.n{number}", None)
    if is_refused:
        with pytest.raises(MassEndError):
            world.sync(guard=guard)
    else:
        assert world.sync(guard=guard).ended == gone
    assert len(world.now()) == (known if is_refused else known - gone)


def test_what_was_withdrawn_ends_however_much_it_is() -> None:
    """A withdrawal is dated and was asked for; also where an hourly listing is what finds it."""
    world = _many(50)
    world.firestore.publish(withdraw_missing=True)
    world.wait(FULL_EVERY / dt.timedelta(minutes=1))
    plan = world.sync()
    assert (plan.mode, plan.ended, len(plan.changes), world.now()) == ("full", 0, 50, {})


def test_limits_that_were_ended_by_mistake_stand_again_from_now_on() -> None:
    world = _many(30)
    world.sync(MemoryFirestore(world.firestore.now), guard=None)
    assert world.now() == {}
    ended = world.firestore.now
    world.wait(90)
    plan = world.sync()
    assert (plan.mode, len(plan.changes), len(world.now())) == ("full", 30, 30)
    assert world.ledger.as_of(ended, world.firestore.now) == {}, "between, nothing was granted: as it was judged"
    assert world.ledger.as_of(ended - dt.timedelta(minutes=5), world.firestore.now) == world.now()
    rows = list(world.ledger.rows)
    world.wait(90)
    assert (world.sync().changes, world.ledger.rows) == ({}, rows)


def test_a_restored_database_counts_from_now_on(world: World) -> None:
    """An older state was put back: its documents are older than what was recorded since."""
    before = {name: list(states) for name, states in world.firestore.states.items()}
    world.wait(5)
    world.firestore.publish(limit(20), limit(5, name="batch"))
    then = world.firestore.now
    world.sync()
    world.firestore.states = before
    plan = world.sync()
    assert (plan.mode, plan.ended, world.now()) == ("full", 1, {NAME: 10})
    assert world.ledger.as_of(then, world.firestore.now) == {NAME: 20, OTHER: 5}


def test_a_limit_that_waits_for_its_day_waits_again_and_what_held_until_then_holds() -> None:
    world = World()
    world.firestore.publish(limit(10))
    world.sync()
    world.firestore.publish(limit(20, effective_from=minutes(600)))
    world.sync()
    world.sync(MemoryFirestore(world.firestore.now))
    assert world.now() == {}
    world.wait(30)
    world.sync()
    assert world.now() == {NAME: 10}
    assert world.ledger.as_of(minutes(600), world.firestore.now) == {NAME: 20}


@pytest.mark.parametrize("field", ["project", "database", "collection"])
def test_another_source_is_refused_by_name(field: str) -> None:
    source = Firestore(project="p")
    last = LastSync(minutes(0), minutes(0), 1, source)
    check_source(None, source)
    check_source(last, source)
    other = source.model_copy(update={field: "elsewhere"})
    with pytest.raises(OtherSourceError, match=r"elsewhere.*firestore\.collection.*accept_source"):
        check_source(last, other)


ACTIONS = st.sampled_from(["publish", "publish", "console", "withdraw", "delete", "break", "sync", "sync", "crash"])


@given(st.lists(st.tuples(ACTIONS, st.sampled_from([None, "batch"]), st.integers(0, 3), st.integers(1, 30))))
@settings(max_examples=150)
def test_a_full_sync_agrees_with_firestore_whatever_happened(story: list[tuple[str, str | None, int, int]]) -> None:
    world = World()
    valid: dict[str, int] = {}
    for action, name, ceiling, pause in story:
        world.wait(pause)
        content = limit(ceiling, name=name)
        states = world.firestore.states.get(content.limit_id, [])
        is_there = bool(states) and states[-1][1] is not None
        if action == "publish":
            world.firestore.publish(content)
            valid[content.limit_id] = ceiling
        elif action == "withdraw" and is_there:
            world.firestore.put(content.limit_id, _broken(world, content.limit_id, deleted=True))
            valid.pop(content.limit_id, None)
        elif action == "delete" and is_there:
            world.firestore.put(content.limit_id, None)
            valid.pop(content.limit_id, None)
        elif action == "console" and is_there and content.limit_id in valid:
            world.firestore.put(content.limit_id, {**(states[-1][1] or {}), **content.to_firestore()})
            valid[content.limit_id] = ceiling
        elif action == "break" and is_there and content.limit_id in valid:
            # Firestore keeps only the newest state: a console edit that no full sync saw, and that no publisher
            # archived, is not known to anyone once it is overwritten. So one sees it before.
            world.wait(FULL_EVERY / dt.timedelta(minutes=1))
            world.sync()
            # Invalid from here on; the last valid version stays in force, so what is valid does not change.
            world.firestore.put(content.limit_id, _broken(world, content.limit_id, max_replicas=-1))
        elif action == "sync":
            world.sync()
        elif action == "crash":
            world.wait()
            plan_sync(world.firestore, world.ledger, world.ledger.last)
    world.wait(FULL_EVERY / dt.timedelta(minutes=1))
    assert world.sync().mode == "full"
    assert world.now() == valid
    rows = list(world.ledger.rows)
    world.wait(FULL_EVERY / dt.timedelta(minutes=1))
    world.sync()
    assert world.ledger.rows == rows


@dataclass
class Told:
    """What a plain person would note down: what each document said and when, and what was known at each sync."""

    said: dict[str, list[Statement]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    known: list[tuple[dt.datetime, dict[str, list[Statement]]]] = field(default_factory=list)

    def says(self, name: str, statement: Statement) -> None:
        """Note what a document said; one that is written again was not deleted for all we knew."""
        self.said.setdefault(name, []).append(statement)
        self.gone.discard(name)
        self.lost.discard(name)

    def is_lost(self, plan: SyncPlan) -> None:
        """Note that a sync saw an empty database: whatever stood ends."""
        for name in self.said if plan.mode == "full" else ():
            self.said[name].append(Statement(plan.read_time, None))
            self.lost.add(name)
        self.known.append((plan.read_time, {name: list(said) for name, said in self.said.items()}))

    def _finds_again(self, plan: SyncPlan, standing: dict[str, PedLimit]) -> None:
        """Note what stands again from now on, though nothing was written; before its day, what held before."""
        for name in self.lost & standing.keys():
            ended = self.said[name][-1].update_time
            held = naive_content(self.said[name], ended - dt.timedelta(microseconds=1))
            for content in (held, standing[name]):
                if content is not None:
                    self.said[name].append(Statement(plan.read_time, content, restated_at=plan.read_time))
        self.lost = set()

    def is_synced(self, plan: SyncPlan, firestore: MemoryFirestore) -> None:
        """Note what is known from now on; a deletion for good has no date but that of its discovery."""
        self._finds_again(plan, {one.document_id: one.limit() for one in firestore.documents() if not one.is_withdrawn})
        if not self.known:
            # History begins with the first sync: what was gone by then was never judged by.
            self.said = {name: said for name, said in self.said.items() if name not in self.gone}
            self.gone = set()
        if plan.mode == "full":
            for name in self.gone:
                self.said[name].append(Statement(plan.read_time, None))
            self.gone = set()
        # Until a full sync looks, what came and went for good is not known.
        known = {name: list(said) for name, said in self.said.items()}
        for name in self.gone:
            known[name] = self.known[-1][1].get(name, []) if self.known else []
        self.known.append((plan.read_time, known))


STORY = st.lists(
    st.tuples(
        st.sampled_from(["publish"] * 4 + ["withdraw", "delete", "sync", "sync", "full", "crash", "again", "lost"]),
        st.sampled_from([None, "batch"]),
        st.integers(0, 3),
        st.none() | st.integers(-60, 120),
        st.integers(1, 30),
    ),
    min_size=5,
    max_size=16,
)


@given(STORY)
@settings(max_examples=250)
def test_limits_as_of_is_what_was_true_and_known(story: list[tuple[str, str | None, int, int | None, int]]) -> None:
    """Creates, edits, deletes, back-dated changes, crashes and repeated runs: nothing lost, nothing counted twice."""
    world, told = World(), Told()
    moments = {minutes(0)}
    for action, name, ceiling, dated, pause in story:
        world.wait(pause)
        now = world.firestore.now
        moments.add(now)
        content = limit(ceiling, name=name, effective_from=minutes(dated) if dated is not None else None)
        states = world.firestore.states.get(content.limit_id, [])
        is_there = bool(states) and states[-1][1] is not None
        if action == "publish":
            world.firestore.publish(content)
            if world.firestore.states[content.limit_id][-1][0] == now:  # else it says so already
                told.says(content.limit_id, Statement(now, content))
            moments |= {content.effective_from or now}
        elif action == "withdraw" and is_there:
            standing = [one for one in world.firestore.documents() if not one.is_withdrawn]
            others = [one.limit() for one in standing if one.document_id != content.limit_id]
            world.firestore.publish(*others, withdraw_missing=True)
            told.says(content.limit_id, Statement(now, None))
        elif action == "delete" and is_there:
            world.firestore.put(content.limit_id, None)
            told.gone.add(content.limit_id)
        elif action == "crash":
            plan_sync(world.firestore, world.ledger, world.ledger.last)
        elif action in ("sync", "full", "again", "lost"):
            if action in ("full", "lost"):  # a full one first: an empty database has no archive to look into later
                world.wait(FULL_EVERY / dt.timedelta(minutes=1))
            told.is_synced(world.sync(), world.firestore)
            if action == "again":
                told.is_synced(world.sync(), world.firestore)
            elif action == "lost":
                told.is_lost(world.sync(MemoryFirestore(now)))
    world.wait(FULL_EVERY / dt.timedelta(minutes=1))
    told.is_synced(world.sync(), world.firestore)
    moments |= {known_at for known_at, _ in told.known}
    for known_at, said in told.known:
        for cycle in sorted(moments | {moment - dt.timedelta(microseconds=1) for moment in moments}):
            expected = {name: naive_limit(statements, cycle) for name, statements in said.items()}
            actual = world.ledger.as_of(cycle, known_at)
            assert actual == {name: ceiling for name, ceiling in expected.items() if ceiling is not None}
