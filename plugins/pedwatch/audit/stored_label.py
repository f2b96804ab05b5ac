"""What is below the folder of a label, sorted out by names alone: packs, entries of the chain, what is neither. Pure.

``<period>/<revision>/<file>`` is a pack, and a link of the chain once ``chain/`` says so; ``<cycle>/<file>`` is the
pack of a single cycle, which is no link.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pedwatch.audit import chain

_CYCLE = re.compile(r"[0-9]{8}T[0-9]{6}Z")


class Shelf(Protocol):
    """Files that can be read, whether in a bucket or a folder; names are relative, with slashes."""

    def names(self) -> list[str]:
        """Return the names of all files."""

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""

    def sha256(self, name: str) -> str:
        """Return a file's hash, read in blocks."""


@dataclass
class StoredLabel:
    """What a label has.

    Args:
        packs: pack (``2026-03-02/1``, or a cycle) → its files → their names on the shelf.
        entries: number → name on the shelf.
        strays: names of what belongs to nothing.
    """

    packs: dict[str, dict[str, str]] = field(default_factory=dict)
    entries: dict[int, str] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)

    @property
    def linkable(self) -> list[str]:
        """Packs that a chain has entries of, oldest period first."""
        return sorted((pack for pack in self.packs if chain.parts_of(pack)), key=order)


def order(pack: str) -> tuple[str, int]:
    """Return what packs are sorted by: period, then revision as a number."""
    return chain.parts_of(pack) or (pack, 0)


def is_cycle(folder: str) -> bool:
    """Tell whether a folder of a label is that of a single cycle."""
    return bool(_CYCLE.fullmatch(folder))


def sort_out(names: Iterable[str]) -> StoredLabel:
    """Sort the names below a label's folder."""
    found = StoredLabel()
    for name in sorted(names):
        folder, _, file = name.rpartition("/")
        if folder == chain.FOLDER and (sequence := chain.sequence_of(file)) is not None:
            found.entries[sequence] = name
        elif file and (chain.parts_of(folder) or is_cycle(folder)):
            found.packs.setdefault(folder, {})[file] = name
        else:
            found.strays.append(name)
    return found


def one_pack(pack: str, names: Iterable[str]) -> StoredLabel:
    """Return a pack that is looked at by itself; its names are those of its files."""
    return StoredLabel(packs={pack: {name: name for name in names}})


def revisions_of(packs: Iterable[str]) -> Mapping[str, list[int]]:
    """Return the revisions of each period, in their order."""
    found: dict[str, list[int]] = {}
    for pack in packs:
        if named := chain.parts_of(pack):
            found.setdefault(named[0], []).append(named[1])
    return {period: sorted(numbers) for period, numbers in found.items()}
