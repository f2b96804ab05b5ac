"""The chain of a label: an append-only log with one entry for each finished revision of a pack. Pure.

An entry names the revision, the hash of its manifest, and the hash of the entry before it; the *head* at any time is
the hash of the entry that was last then. No entry is ever written again, so that a head that was posted can be checked
for ever, whatever was audited anew since (docs/decisions/0080).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from pedwatch.audit.pack_files import to_json

FOLDER = "chain"
"""Folder of the log, beside the periods of its label."""
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_PERIOD = re.compile(rf"{_DAY}(_{_DAY})?")
_PACK = re.compile(rf"(?P<period>{_DAY}(_{_DAY})?)/(?P<revision>[1-9][0-9]{{0,5}})")
_NAME = re.compile(r"(?P<sequence>[0-9]{6,})\.json")
_FIELDS = {"sequence": int, "label": str, "pack": str, "manifest_sha256": str, "cause": str}


def is_period(folder: str) -> bool:
    """Tell whether a folder of a label is that of a period: a day, or first and last day. A single cycle's is not."""
    return bool(_PERIOD.fullmatch(folder))


def pack_name(period: str, revision: int) -> str:
    """Return how an entry names a pack: ``2026-03-02/1``."""
    return f"{period}/{revision}"


def parts_of(pack: str) -> tuple[str, int] | None:
    """Return period and revision of a pack's name; None when it is none."""
    found = _PACK.fullmatch(pack)
    return (found["period"], int(found["revision"])) if found else None


def file_name(sequence: int) -> str:
    """Return the name of an entry's file in the log's folder."""
    return f"{sequence:06}.json"


def sequence_of(name: str) -> int | None:
    """Return the number that a file's name gives an entry; None when it is no entry's name."""
    found = _NAME.fullmatch(name)
    return int(found["sequence"]) if found and file_name(int(found["sequence"])) == name else None


def sha256_of(content: bytes) -> str:
    """Return the hash by which manifests and entries are named."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Entry:
    """One link of the chain.

    Args:
        sequence: counted from 1, without gaps.
        label: of the audit.
        pack: period and revision.
        manifest_sha256: hash of that revision's manifest.
        previous_sha256: hash of the entry before this one; None for the first.
        cause: why there is such a revision (``revisions.cause_of``).
    """

    sequence: int
    label: str
    pack: str
    manifest_sha256: str
    previous_sha256: str | None
    cause: str

    def to_bytes(self) -> bytes:
        """Write it: the same entry is always the same bytes."""
        return to_json(asdict(self))

    @classmethod
    def read(cls, content: bytes) -> Self | None:
        """Read what `to_bytes` wrote; None when it is no entry."""
        try:
            document: Any = json.loads(content)
        except ValueError:
            return None
        if not isinstance(document, dict) or document.keys() != {*_FIELDS, "previous_sha256"}:
            return None
        previous = document["previous_sha256"]
        is_typed = all(type(document[name]) is kind for name, kind in _FIELDS.items())
        if not is_typed or not (previous is None or isinstance(previous, str)) or parts_of(document["pack"]) is None:
            return None
        return cls(**document)


def following(log: Mapping[int, bytes], label: str, pack: str, manifest_sha256: str, cause: str) -> Entry:
    """Return the entry that links a pack behind all that is in a log, of which the last entry is enough."""
    last = max(log, default=0)
    return Entry(last + 1, label, pack, manifest_sha256, sha256_of(log[last]) if log else None, cause)
