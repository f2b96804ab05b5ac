"""Firestore and limit_history in memory, as simple as can be: what the real ones are held against."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pedwatch.limits.belief_rows import belief_row, read_beliefs
from pedwatch.limits.document import PedLimit
from pedwatch.limits.document_changes import plan_changes, write_of
from pedwatch.limits.history import FOREVER, Belief, Change, Statement
from pedwatch.limits.known import Known, LastSync, Rejection
from pedwatch.limits.learnt import SyncPlan
from pedwatch.limits.stored_document import StoredDocument


@dataclass
class MemoryFirestore:
    """Documents, every state of them with its time; ``now`` moves only when a test moves it."""

    now: dt.datetime
    states: dict[str, list[tuple[dt.datetime, dict[str, Any] | None]]] = field(default_factory=dict)
    archive: dict[str, list[StoredDocument]] = field(default_factory=dict)
    reads: int = 0

    def put(self, document_id: str, data: dict[str, Any] | None) -> None:
        """Write a document as the console does, or delete it for good (None)."""
        self.states.setdefault(document_id, []).append((self.now, data))

    def publish(self, *limits: PedLimit, withdraw_missing: bool = False) -> None:
        """Write documents as the publisher does, with its bookkeeping and archive."""
        for change in plan_changes(limits, self.documents(self.now), withdraw_missing=withdraw_missing):
            write = write_of(replace(change, archived=len(self.archive.get(change.document_id, []))))
            self.put(write.document_id, {**write.data, "updated_at": self.now})
            for data in write.archive.values():
                kept = {name: value for name, value in data.items() if name != "written_at"}
                version = StoredDocument(write.document_id, kept, data.get("written_at", self.now), is_archived=True)
                self.archive.setdefault(write.document_id, []).append(version)

    def documents(self, at: dt.datetime | None = None) -> list[StoredDocument]:
        """Return the documents as they stood at a moment; now by default."""
        at = at or self.now
        found = []
        for name, states in self.states.items():
            seen = [(moment, data) for moment, data in states if moment <= at]
            if seen and seen[-1][1] is not None:
                found.append(StoredDocument(name, seen[-1][1], seen[-1][0]))
        return found

    def server_time(self) -> dt.datetime:
        """Return the time."""
        return self.now

    def count(self, at: dt.datetime) -> int:
        """Count what is not withdrawn."""
        return sum(not document.is_withdrawn for document in self.documents(at))

    def changed(self, since: dt.datetime, at: dt.datetime) -> Iterator[StoredDocument]:
        """Return what the publisher wrote since."""
        for document in self.documents(at):
            if isinstance(document.data.get("updated_at"), dt.datetime) and document.data["updated_at"] >= since:
                self.reads += 1
                yield document

    def listing(self, at: dt.datetime) -> Mapping[str, dt.datetime]:
        """Return all ids and update times."""
        return {document.document_id: document.update_time for document in self.documents(at)}

    def fetch(self, document_ids: Collection[str], at: dt.datetime) -> Iterator[StoredDocument]:
        """Return some documents."""
        for document in self.documents(at):
            if document.document_id in document_ids:
                self.reads += 1
                yield document

    def versions(self, document_id: str, after: dt.datetime | None, at: dt.datetime) -> Iterator[StoredDocument]:
        """Return archived versions."""
        for version in self.archive.get(document_id, []):
            if version.update_time <= at and (after is None or version.update_time > after):
                self.reads += 1
                yield version

    def archived(self, since: dt.datetime, at: dt.datetime) -> Iterator[StoredDocument]:
        """Return archived versions of all documents."""
        for document_id in self.archive:
            yield from self.versions(document_id, since, at)


@dataclass(frozen=True)
class Recorded:
    """A belief with its range of recorded time: a row of limit_history."""

    belief: Belief
    recorded_from: dt.datetime
    recorded_to: dt.datetime = FOREVER


@dataclass
class MemoryLedger:
    """limit_history and its companions; beliefs make the round trip through their columns."""

    rows: list[Recorded] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    last: LastSync | None = None

    def _current(self) -> list[Belief]:
        return [row.belief for row in self.rows if row.recorded_to == FOREVER]

    def known(self) -> Mapping[str, Known]:
        """As known_state.sql."""
        return {
            belief.limit.limit_id: Known(belief.document_update_time, belief.is_deleted)
            for belief in self._current()
            if belief.valid_to == FOREVER
        }

    def beliefs(self, limit_ids: Collection[str]) -> Mapping[str, Sequence[Belief]]:
        """As current_beliefs.sql."""
        return read_beliefs(belief_row(belief) for belief in self._current() if belief.limit.limit_id in limit_ids)

    def rejections(self) -> Sequence[Rejection]:
        """As current_rejections.sql."""
        return self.rejected

    def commit(self, plan: SyncPlan) -> None:
        """As commit_sync.sql."""
        for limit_id, change in plan.changes.items():
            self.record(limit_id, change, plan.read_time)
        self.rejected = [rejection for rejection in plan.rejections if rejection.is_current]
        full = plan.read_time if plan.mode == "full" or self.last is None else self.last.full_read_time
        self.last = LastSync(plan.read_time, full, plan.documents_known)

    def record(self, limit_id: str, change: Change, at: dt.datetime) -> None:
        """As the MERGE into limit_history."""
        starts = {belief.valid_from for belief in change.closed}
        closing = [
            row
            for row in self.rows
            if row.recorded_to == FOREVER and row.belief.limit.limit_id == limit_id and row.belief.valid_from in starts
        ]
        assert len(closing) == len(change.closed), "what is closed must be there"
        self.rows = [replace(row, recorded_to=at) if row in closing else row for row in self.rows]
        self.rows += [Recorded(belief, at) for belief in change.opened]

    def as_of(self, cycle: dt.datetime, known_at: dt.datetime) -> dict[str, int]:
        """The rule of limits_as_of.sql: max_replicas by limit."""
        found = [
            row.belief
            for row in self.rows
            if row.belief.valid_from <= cycle < row.belief.valid_to
            and row.recorded_from <= known_at < row.recorded_to
            and not row.belief.is_deleted
        ]
        ceilings = {belief.limit.limit_id: belief.limit.max_replicas for belief in found}
        assert len(ceilings) == len(found), "the as-of rule found two rows of one limit"
        return ceilings


def naive_limit(statements: Sequence[Statement], cycle: dt.datetime) -> int | None:
    """What held at a cycle: of all that was said, the last to begin at or before it. As a person would say it."""
    held = naive_content(statements, cycle)
    return held.max_replicas if held else None


def naive_content(statements: Sequence[Statement], cycle: dt.datetime) -> PedLimit | None:
    """Return the limit that held at a cycle."""
    held: PedLimit | None = None
    previous: PedLimit | None = None
    for statement in statements:
        said, said_at = statement.limit, statement.restated_at or statement.update_time
        if said is None or said.effective_from is None:
            begins = said_at
        elif statement.restated_at is not None:
            begins = max(said.effective_from, said_at)
        elif previous is None or previous.effective_from != said.effective_from:
            begins = said.effective_from
        else:
            begins = max(said.effective_from, said_at)
        is_news = (said and said.content()) != (previous and previous.content())
        if is_news and begins <= cycle:
            held = said
        previous = said
    return held
