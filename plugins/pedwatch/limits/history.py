"""The bitemporal algebra of limits (docs/design.md#d3): what a new version of a limit does to what was believed of it.

A *belief* is a row of ``limit_history`` whose recorded range is open: what we now hold true of a range of valid time.
The beliefs of one limit never overlap. The newest version says what holds from its ``valid_from`` on, so it cuts short
or replaces every belief that reaches further; nothing is overwritten, the rows it replaces are closed in recorded time.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pedwatch.limits.document import PedLimit

FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)
"""The open end of a range: 9999-12-31 23:59:59.999999 UTC."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a document said from ``update_time`` on; a withdrawn one (``limit`` None) says that nothing is granted.

    ``document_version`` is the publisher's number of it; None when nobody numbered it, as with a hard delete.

    ``restated_at`` is set where a document is found to say something else than what was recorded after it was written:
    it was taken for gone, or an older state of it was restored. It then holds from that moment, and nothing before it
    is touched.
    """

    update_time: dt.datetime
    limit: PedLimit | None
    document_version: int | None = None
    restated_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Belief:
    """One version of a limit over one range of valid time; a tombstone keeps the last content for the reader.

    ``versions_missing`` counts the versions before this one that Firestore numbered but no longer had when it was read.
    """

    version: int
    limit: PedLimit
    content_sha256: str
    document_update_time: dt.datetime
    is_deleted: bool
    valid_from: dt.datetime
    valid_to: dt.datetime
    document_version: int | None = None
    versions_missing: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What to write of one limit: beliefs to close in recorded time, beliefs to open."""

    closed: tuple[Belief, ...]
    opened: tuple[Belief, ...]


def newest(beliefs: Iterable[Belief]) -> Belief | None:
    """Return the belief of the newest version: there is always one, because it reaches to the end of time."""
    return max(beliefs, key=lambda belief: belief.version, default=None)


def learn(beliefs: Sequence[Belief], statements: Iterable[Statement]) -> Change:
    """Fold statements, oldest first, into what is believed of one limit.

    Statements that are no newer than the newest belief, or say nothing new, change nothing: learning twice is learning
    once. A version that another one of the same call covers entirely was never believed and leaves no row.
    """
    before = {belief.valid_from: belief for belief in beliefs}
    after = list(beliefs)
    for statement in statements:
        after = _state(after, statement)
    kept = {belief.valid_from: belief for belief in _numbered(before, after)}
    return Change(
        closed=tuple(belief for start, belief in before.items() if kept.get(start) != belief),
        opened=tuple(belief for start, belief in kept.items() if before.get(start) != belief),
    )


def _state(beliefs: list[Belief], statement: Statement) -> list[Belief]:
    previous = newest(beliefs)
    if previous and statement.restated_at is None and statement.update_time <= previous.document_update_time:
        return beliefs
    if _says_nothing_new(previous, statement):
        return beliefs
    valid_from = _valid_from(previous, statement)
    if previous and statement.restated_at and valid_from > statement.restated_at:
        beliefs, previous = _resumed(beliefs, previous, statement.restated_at)
    latest = replace(
        _content(previous, statement),
        version=previous.version + 1 if previous else 1,
        document_update_time=statement.update_time,
        document_version=_document_version(previous, statement),
        versions_missing=0,
        is_deleted=statement.limit is None,
        valid_from=valid_from,
        valid_to=FOREVER,
    )
    earlier = [belief for belief in beliefs if belief.valid_from < valid_from]
    return [*(replace(belief, valid_to=min(belief.valid_to, valid_from)) for belief in earlier), latest]


def _resumed(beliefs: list[Belief], end: Belief, restated_at: dt.datetime) -> tuple[list[Belief], Belief]:
    """Let what held until the end that is taken back hold again, until a limit begins that waits for its day."""
    held = next((one for one in beliefs if one.valid_to == end.valid_from and not one.is_deleted), None)
    if held is None or not end.is_deleted:
        return beliefs, end
    again = replace(held, version=end.version + 1, valid_from=restated_at, valid_to=FOREVER)
    earlier = [belief for belief in beliefs if belief.valid_from < restated_at]
    return [*(replace(one, valid_to=min(one.valid_to, restated_at)) for one in earlier), again], again


def _document_version(previous: Belief | None, statement: Statement) -> int | None:
    """A statement without a number leaves the count where it was."""
    if statement.document_version is None and previous is not None:
        return previous.document_version
    return statement.document_version


def _content(previous: Belief | None, statement: Statement) -> Belief:
    """Return a belief with the statement's content; a withdrawal keeps that of the version it ends."""
    if statement.limit is None:
        assert previous is not None, "a withdrawal of nothing says nothing new"
        return previous
    sha256 = statement.limit.content_sha256
    return Belief(1, statement.limit, sha256, statement.update_time, False, statement.update_time, FOREVER)


def _says_nothing_new(previous: Belief | None, statement: Statement) -> bool:
    if previous is None or previous.is_deleted:
        return statement.limit is None
    return statement.limit is not None and statement.limit.content_sha256 == previous.content_sha256


def _valid_from(previous: Belief | None, statement: Statement) -> dt.datetime:
    """``effective_from`` in the version that sets or changes it, else the document's update time.

    A version that merely carries an ``effective_from`` still to come does not bring it forward, and what is restated
    never reaches back behind the moment it is.
    """
    said_at = statement.restated_at or statement.update_time
    written = statement.limit.effective_from if statement.limit else None
    if written is None:
        return said_at
    is_carried = previous is not None and not previous.is_deleted and _was_written_with(previous, written)
    return max(written, said_at) if is_carried or statement.restated_at else written


def _was_written_with(belief: Belief, effective_from: dt.datetime) -> bool:
    """Tell whether a recorded version said this: ``limit_history`` keeps when it held, and the hash of what it said."""
    return belief.limit.model_copy(update={"effective_from": effective_from}).content_sha256 == belief.content_sha256


def _numbered(before: dict[dt.datetime, Belief], after: Sequence[Belief]) -> list[Belief]:
    """Number new versions without gaps: one that left no row takes no number."""
    known = max((belief.version for belief in before.values()), default=0)
    fresh = sorted({belief.version for belief in after if belief.version > known})
    numbers = {version: known + position for position, version in enumerate(fresh, 1)}
    return [replace(belief, version=numbers.get(belief.version, belief.version)) for belief in after]
