"""Decides what a sync of Firestore into ``limit_history`` writes. Pure: it reads through two protocols, writes nothing.

All reads are as of one moment T of Firestore's own clock, and T becomes the next watermark. What changed since the
last T (less an overlap) is read; a count that does not add up, or an hour gone by, makes the sync *full*: every
document's update time is listed, so that hard deletes and edits that bypassed the publisher are found too.

A listing that lacks many limits is more likely a mistake than their end: the sync is refused unless that is allowed.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import replace

from pedwatch.config import Firestore, LimitsSync
from pedwatch.cycles import PERIOD
from pedwatch.errors import LimitStoreError, MassEndError, OtherSourceError
from pedwatch.limits.history import newest
from pedwatch.limits.known import Known, LastSync, LimitLedger, LimitReader, Rejection
from pedwatch.limits.learnt import Learnt, SyncPlan, stands

OVERLAP = dt.timedelta(minutes=10)
"""SERVER_TIMESTAMP precedes its commit, and a batch shares one: look back further than the last read time."""
FULL_EVERY = dt.timedelta(hours=1)
"""Less half a cycle, so that it does not slip to an hour and a cycle."""

_GUARD = LimitsSync()
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


def is_elsewhere(last: LastSync | None, source: Firestore) -> bool:
    """Tell whether limits would be read from another place than the last time, where all has to be read."""
    return last is not None and last.source is not None and last.source != source


def check_source(last: LastSync | None, source: Firestore) -> None:
    """Refuse to read limits from elsewhere than the last time.

    Raises:
        OtherSourceError: project, database or collection is another one.
    """
    if last is not None and is_elsewhere(last, source):
        raise OtherSourceError(
            f"the limits were last read from {last.source}, but the configuration names {source}: nothing was written. "
            f"Correct firestore.project, firestore.database or firestore.collection in pedwatch.yaml or, if the limits "
            f"have moved, trigger ped_limits_sync once with the parameter accept_source."
        )


def plan_sync(
    reader: LimitReader,
    ledger: LimitLedger,
    last: LastSync | None,
    is_full: bool = False,
    guard: LimitsSync | None = _GUARD,
    period: dt.timedelta = PERIOD,
) -> SyncPlan:
    """Read Firestore at one moment and decide what to record.

    Args:
        reader: Firestore.
        ledger: what is recorded.
        last: where the sync before stood; None for the first ever.
        is_full: list every document now.
        guard: how many limits may end because their documents are gone; None: all of them.
        period: how often it is asked.

    Raises:
        LimitStoreError: Firestore could not be read, or its clock went back behind the last sync.
        MassEndError: more limits would end than the guard lets pass.
    """
    at = reader.server_time()
    if last is not None and at <= last.read_time:
        raise LimitStoreError(
            f"Firestore's read time {at.isoformat()} is not later than the last sync's, {last.read_time.isoformat()}: "
            f"history is never written backwards. Check that this is the database synced before."
        )
    if not is_full and last is not None and at - last.full_read_time < FULL_EVERY - period / 2:
        plan = _incremental(reader, ledger, last, at)
        if reader.count(at) == plan.documents_known:
            return replace(plan, last_full_read_time=last.full_read_time)
    return _full(reader, ledger, last, at, guard)


def _incremental(reader: LimitReader, ledger: LimitLedger, last: LastSync, at: dt.datetime) -> SyncPlan:
    documents = list(reader.changed(last.read_time - OVERLAP, at))
    beliefs = ledger.beliefs([document.document_id for document in documents])
    rejected = _rejected(ledger, last)
    known = last.documents_known
    learnt = Learnt(reader, at, beliefs, rejected, last.full_read_time)
    for document in documents:
        stood = document.document_id in rejected or stands(newest(beliefs.get(document.document_id, ())))
        known += (not document.is_withdrawn) - stood
        learnt.read(document)
    return learnt.plan("incremental", known)


def _full(
    reader: LimitReader, ledger: LimitLedger, last: LastSync | None, at: dt.datetime, guard: LimitsSync | None
) -> SyncPlan:
    known = ledger.known()
    rejected = _rejected(ledger, last)
    listing = reader.listing(at)
    unread = {name for name, moment in listing.items() if name not in known or known[name].update_time != moment}
    gone = {name for name, record in known.items() if name not in listing and not record.is_deleted}
    gone |= rejected.keys() - listing.keys()
    gone |= _came_and_went(reader, known, listing, last, at)
    beliefs = ledger.beliefs([name for name in unread | gone if name in known])
    learnt = Learnt(reader, at, beliefs, rejected, last.full_read_time if last else None)
    standing = {name: moment for name, moment in listing.items() if name not in unread and not known[name].is_deleted}
    documents_known = len(standing)
    for document in reader.fetch(sorted(unread), at):
        documents_known += not document.is_withdrawn
        latest = learnt.read(document)
        if latest is not None and not latest.is_deleted:
            # Of a document that does not validate, or says nothing new, an earlier version stays in force.
            standing[document.document_id] = latest.document_update_time
    for name in sorted(gone):
        learnt.is_gone(name)
    learnt.documents_read += len(listing)
    if guard is not None:
        _check_end(learnt.ended, sum(not record.is_deleted for record in known.values()), len(listing), guard)
    return learnt.plan("full", documents_known, fingerprint(standing))


def _rejected(ledger: LimitLedger, last: LastSync | None) -> dict[str, Rejection]:
    """Documents that could not be understood; not asked for where the sync before says that there were none."""
    if last is not None and last.rejections == 0:
        return {}
    return {rejection.document_id: rejection for rejection in ledger.rejections()}


def _check_end(ended: int, standing: int, listed: int, guard: LimitsSync) -> None:
    if guard.refuses(ended, standing):
        raise MassEndError(
            f"{ended} of {standing} limits would end, because theirs are not among the {listed} documents that "
            f"Firestore lists: more than limits_sync.max_ended_count ({guard.max_ended_count}) and "
            f"limits_sync.max_ended_ratio ({guard.max_ended_ratio:g}) let pass, so nothing was written. Put the "
            f"documents back or, if the limits are to end, trigger ped_limits_sync once with the parameter "
            f"allow_mass_end."
        )


def _came_and_went(
    reader: LimitReader,
    known: Mapping[str, Known],
    listing: Mapping[str, dt.datetime],
    last: LastSync | None,
    at: dt.datetime,
) -> set[str]:
    """Find documents that were written and deleted for good since the last full sync: only their archive is left."""
    if last is None:
        return set()  # what was gone before the first sync was never judged by
    return {
        version.document_id
        for version in reader.archived(last.full_read_time - OVERLAP, at)
        if version.document_id not in listing
        # What was written before was there for the last full sync to see, or gone before it.
        and version.update_time > last.full_read_time
        and (version.document_id not in known or known[version.document_id].update_time < version.update_time)
    }


def fingerprint(standing: Mapping[str, dt.datetime]) -> str:
    """Hash which limits stand, each by its id and the update time of the version that holds."""
    lines = (f"{name} {(moment - _EPOCH) // dt.timedelta(microseconds=1)}" for name, moment in sorted(standing.items()))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
