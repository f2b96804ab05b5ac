"""The chain of a label's packs: each manifest names the pack before it, and the hash of that one's manifest. Pure.

Which pack is before which follows from their names alone, so the chain is a function of the packs that are there, not
of the order in which they were written: days audited in parallel are linked by whoever comes last, and every one who
comes later finds the same (docs/decisions/0025).
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pedwatch.audit.pack_files import PREVIOUS, to_json

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
PACK_FOLDER = re.compile(rf"{_DAY}(_{_DAY})?")
"""Folders that are links of a chain: a day, or first and last day. The folder of a single cycle is not."""


def links(folders: Iterable[str]) -> list[str]:
    """Return those folders that belong to the chain, in its order."""
    return sorted(folder for folder in folders if PACK_FOLDER.fullmatch(folder))


def before(folder: str, folders: Iterable[str]) -> str | None:
    """Return the pack that a pack links to: the nearest one before it that is there."""
    return max((other for other in links(folders) if other < folder), default=None)


def hash_of(manifest: bytes) -> str:
    """Return the hash a link holds: of the manifest's bytes."""
    return hashlib.sha256(manifest).hexdigest()


def link_to(folder: str | None, manifest: bytes | None) -> dict[str, str] | None:
    """Return the field ``previous`` of a manifest; None for the first pack of a chain."""
    if folder is None or manifest is None:
        return None
    return {"folder": folder, "manifest_sha256": hash_of(manifest)}


def relinked(manifest: Mapping[str, Any], link: Mapping[str, str] | None) -> bytes:
    """Return a manifest that links to a pack; everything else stays."""
    return to_json({**manifest, PREVIOUS: link})
