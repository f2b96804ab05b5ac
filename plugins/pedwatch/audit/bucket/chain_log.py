"""Links packs: appends to the chain of their label in the bucket, and to ``audit_reports``, one row for each entry."""

import datetime as dt
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pedwatch.audit import chain, revisions
from pedwatch.audit.bucket.label_bucket import LabelBucket
from pedwatch.audit.chain import Entry
from pedwatch.errors import AuditError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recorded:
    """What ``audit_reports`` has of a chain, from its first entry on, without a gap."""

    packs: Mapping[str, int]
    """Pack → number of its entry."""
    head: str | None

    @property
    def last(self) -> int:
        """Number of the newest entry; 0 without any."""
        return len(self.packs)


def recorded(warehouse: Warehouse, label: str) -> Recorded:
    """Return what the table knows of a chain."""
    rows = warehouse.run("audit/recorded_entries.sql", {"label": label})
    whole = [row for number, row in enumerate(rows, 1) if row["sequence"] == number]
    packs = {chain.pack_name(row["period"], row["revision"]): row["sequence"] for row in whole}
    return Recorded(packs, whole[-1]["head_sha256"] if whole else None)


def _entries(bucket: LabelBucket, known: Recorded) -> dict[int, bytes]:
    """Return the last entry that was recorded, and those behind it.

    Raises:
        AuditError: that entry is not what was recorded: nothing may be linked to it.
    """
    found = bucket.entries(max(known.last, 1))
    if known.last and (known.last not in found or chain.sha256_of(found[known.last]) != known.head):
        where = bucket.address(f"{chain.FOLDER}/{chain.file_name(known.last)}")
        what = "is not the one" if known.last in found else "is gone:"
        raise AuditError(
            f"{where} {what} that audit_reports recorded (sha256 {known.head}), so nothing is linked to it. Find out "
            "who changed the bucket or the table; restore what was there, from soft delete or the bucket of heads, and "
            "clear this task"
        )
    return found


def link(
    warehouse: Warehouse, bucket: LabelBucket, pack: str, manifest_sha256: str, now: dt.datetime, run_id: str
) -> Entry:
    """Link a finished revision into its chain and record it; returns its entry. Again, it changes nothing.

    Two at once: one creates the entry of a number, the other one finds it there, reads it and goes on. Killed between
    entry and row, the next one to link writes the row.

    Raises:
        AuditError: the manifest is not the one that was written, or the chain not the one that was recorded.
    """
    manifest = bucket.manifest(pack)
    if manifest is None or chain.sha256_of(manifest) != manifest_sha256:
        raise AuditError(
            f"the manifest of {bucket.address(pack)} is not the one that this run wrote: somebody changed the bucket. "
            "Find out who; clear write_pack, which writes another revision"
        )
    known = recorded(warehouse, bucket.label)
    while True:
        found = _entries(bucket, known)
        read = {sequence: Entry.read(content) for sequence, content in sorted(found.items())}
        for sequence in sorted(found):
            if sequence > known.last:
                _record(warehouse, bucket, sequence, found[sequence], now, run_id)
        linked = {entry.pack: sequence for sequence, entry in read.items() if entry is not None} | dict(known.packs)
        if pack in linked:
            return _linked(bucket, pack, linked[pack])
        cause = revisions.cause_of(manifest, _before(bucket, pack, linked))
        bucket.append(chain.following(found, bucket.label, pack, manifest_sha256, cause))


def _linked(bucket: LabelBucket, pack: str, sequence: int) -> Entry:
    entry = Entry.read(bucket.entry(sequence) or b"")
    if entry is None or entry.pack != pack:
        where = bucket.address(f"{chain.FOLDER}/{chain.file_name(sequence)}")
        raise AuditError(f"{where} does not link {pack} any more, as audit_reports says: restore it from soft delete")
    return entry


def _before(bucket: LabelBucket, pack: str, linked: Mapping[str, int]) -> bytes | None:
    """Return the manifest of the newest linked revision below a pack's; empty when it is gone."""
    period, revision = chain.parts_of(pack) or ("", 0)
    named = [found for each in linked if (found := chain.parts_of(each)) and found[0] == period]
    below = max((number for _, number in named if number < revision), default=None)
    return None if below is None else bucket.manifest(chain.pack_name(period, below)) or b""


def _record(
    warehouse: Warehouse, bucket: LabelBucket, sequence: int, content: bytes, now: dt.datetime, run_id: str
) -> None:
    """Write the row of an entry, from what it and its manifest say; the same entry again changes nothing."""
    entry = Entry.read(content)
    manifest = bucket.manifest(entry.pack) if entry else None
    try:
        said: dict[str, Any] = json.loads(manifest or b"")
        spans = {name: dt.datetime.fromisoformat(said[name]) for name in ("from_cycle", "to_cycle")}
        as_of = said["inputs_as_of"]
        rows = {"verdict_rows": said["verdict_rows"]}
    except (ValueError, KeyError, TypeError):
        log.error("entry %s of the chain of %s names no pack that can be read: no row for it", sequence, bucket.label)
        return
    assert entry is not None
    period, revision = chain.parts_of(entry.pack) or ("", 0)
    named = {"label": bucket.label, "sequence": sequence, "period": period, "revision": revision}
    hashes = {
        "head_sha256": chain.sha256_of(content),
        "previous_head_sha256": Typed("STRING", entry.previous_sha256),
        "manifest_sha256": entry.manifest_sha256,
    }
    told = {"cause": entry.cause, "location": bucket.address(entry.pack), "run_id": run_id, "written_at": now}
    newest = {"inputs_as_of": Typed("TIMESTAMP", dt.datetime.fromisoformat(as_of) if as_of else None)}
    warehouse.write("audit/record_report.sql", named | hashes | spans | rows | told | newest)
