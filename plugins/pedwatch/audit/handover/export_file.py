"""Writes a period of a label as one file that needs nothing of ours to be checked: a zip, always the same bytes."""

import datetime as dt
import io
import shutil
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from pedwatch.audit import anchors, chain, chain_checks, standalone_verifier
from pedwatch.audit.pack_files import MANIFEST, sha256_of
from pedwatch.audit.stored_label import StoredLabel
from pedwatch.errors import AuditError

AT_ONCE = 8
"""Small objects that are fetched at once: each takes longer to ask for than to read."""
SMALL = 4 << 20
"""Bytes; what is larger is copied in blocks."""
_BLOCK = 1 << 20


class OpenShelf(Protocol):
    """Files that can be opened, whether in a bucket or a folder; names are relative, with slashes."""

    def names(self) -> list[str]:
        """Return the names of all files."""

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""

    def open(self, name: str) -> BinaryIO:
        """Open a file, to be read in blocks."""

    def size(self, name: str) -> int:
        """Return how many bytes a file has."""


@dataclass(frozen=True)
class Exported:
    """What is in an export.

    Args:
        packs: their names, in the order of the chain.
        days_without: days of the period that no pack is of.
        head: number and hash of the chain's last entry; it proves all of the export.
        sha256: hash of the file.
    """

    packs: Sequence[str]
    days_without: Sequence[str]
    head: tuple[int, str]
    sha256: str


@dataclass(frozen=True)
class _Stored:
    """A member that lies on a shelf."""

    shelf: OpenShelf
    name: str

    def read(self) -> bytes:
        return self.shelf.read(self.name)


Member = _Stored | bytes


def export(
    shelf: OpenShelf,
    stored: StoredLabel,
    heads: Callable[[str], OpenShelf] | None,
    days: tuple[dt.date, dt.date],
    target: Path,
    head: str | None = None,
) -> Exported:
    """Write an export.

    Args:
        shelf: of the label's folder.
        stored: what it has.
        heads: opens what the bucket of heads has of a label; None where there is no such bucket.
        days: first and last day, both included.
        target: the file to write; it is there whole or not at all.
        head: as it was posted: what was linked since is left out; None for all there is.

    Raises:
        AuditError: the label has no chain, none with that head, or no pack of the period. Nothing was written.
    """
    span = (days[0].isoformat(), days[1].isoformat())
    log = {sequence: shelf.read(name) for sequence, name in sorted(stored.entries.items())}
    if head is not None:
        log = _until(log, head)
    entries = [entry for content in log.values() if (entry := chain.Entry.read(content)) is not None]
    if not entries:
        raise AuditError("the label has no chain, so that nothing of it can be proven: run ped_replica_audit first")
    named = dict.fromkeys(entry.pack for entry in entries if standalone_verifier.is_within(entry.pack, span))
    packs = [pack for pack in named if MANIFEST in stored.packs.get(pack, {})]
    if not packs:
        raise AuditError(f"the label has no pack of {span[0]} to {span[1]}: choose days that were audited")
    members: dict[str, Member] = dict(_members(shelf, stored, packs))
    members |= {f"{chain.FOLDER}/{chain.file_name(sequence)}": content for sequence, content in log.items()}
    label = entries[-1].label
    kept = {} if heads is None else dict(_kept_heads(heads(label), label, max(log)))
    members |= kept
    members[standalone_verifier.CONTENTS] = standalone_verifier.contents(label, *span, len(kept))
    _write(target, members)
    newest = (max(log), chain.sha256_of(log[max(log)]))
    return Exported(packs, standalone_verifier.days_without(named, span), newest, sha256_of(target))


def _kept_heads(heads: OpenShelf, label: str, last: int) -> Iterator[tuple[str, Member]]:
    """Yield the heads that were kept of a chain up to an entry."""
    for name in heads.names():
        if any(anchor.sequence <= last for anchor in anchors.read(label, [name])):
            yield f"{standalone_verifier.HEADS}/{name}", _Stored(heads, name)


def _until(log: Mapping[int, bytes], head: str) -> dict[int, bytes]:
    last = chain_checks.at_head(log, head)
    if last is None:
        raise AuditError(
            f"no entry of the chain has the head {head[:12]}…: run audit verify with it, to see what differs"
        )
    return {sequence: content for sequence, content in log.items() if sequence <= last}


def _members(shelf: OpenShelf, stored: StoredLabel, packs: Sequence[str]) -> Iterator[tuple[str, Member]]:
    """Yield the files of packs, of them README and verifier of the newest a second time, and the SQL they name."""
    statements: dict[str, bytes] = {}
    for pack in packs:
        for file, name in stored.packs[pack].items():
            yield f"{standalone_verifier.PACKS}/{pack}/{file}", _Stored(shelf, name)
        statements |= standalone_verifier.statement_files(shelf.read(stored.packs[pack][MANIFEST]))
    yield from statements.items()
    for tool in standalone_verifier.TOOLS:
        if tool in stored.packs[packs[-1]]:
            yield tool, _Stored(shelf, stored.packs[packs[-1]][tool])


def _write(target: Path, members: Mapping[str, Member]) -> None:
    """Write the zip file beside its place, and move it there when it is whole."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, stream in _opened(dict(sorted(members.items()))):
                info = zipfile.ZipInfo(name, standalone_verifier.ZIP_TIME)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                info.create_system = 3  # the same wherever it is made
                with stream, archive.open(info, "w", force_zip64=True) as written:
                    shutil.copyfileobj(stream, written, _BLOCK)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _opened(members: Mapping[str, Member]) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the members in order, opened; small ones that lie on a shelf are read ahead."""
    with ThreadPoolExecutor(AT_ONCE) as readers:
        ahead: deque[tuple[str, Member, Future[bytes] | None]] = deque()
        for name, member in members.items():
            is_small = isinstance(member, _Stored) and member.shelf.size(member.name) <= SMALL
            ahead.append((name, member, readers.submit(member.read) if is_small else None))  # type: ignore[union-attr]
            if len(ahead) > 2 * AT_ONCE:
                yield _open(*ahead.popleft())
        while ahead:
            yield _open(*ahead.popleft())


def _open(name: str, member: Member, reading: "Future[bytes] | None") -> tuple[str, BinaryIO]:
    if reading is not None:
        return name, io.BytesIO(reading.result())
    return name, member.shelf.open(member.name) if isinstance(member, _Stored) else io.BytesIO(member)
