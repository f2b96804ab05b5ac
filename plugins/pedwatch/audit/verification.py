"""Checks evidence: every file against its manifest, every manifest against the chain, the chain against heads. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pedwatch.alerts.wording import counted
from pedwatch.audit import chain, chain_checks
from pedwatch.audit.anchors import Anchor
from pedwatch.audit.pack_files import MANIFEST
from pedwatch.audit.problems import Problem
from pedwatch.audit.stored_label import Shelf, StoredLabel, order, revisions_of

_RESTORE = "restore it from soft delete or a backup; an audit of that day anew is another revision beside it"


@dataclass
class Verified:
    """What a check has found.

    Args:
        packs: that were looked at.
        problems: what differs.
        notes: what is as it may be, and worth knowing.
        head: number and hash of the newest entry; None without a chain.
        not_checked: what nobody could find here, in sentences: who reads "whole" has to know how far that goes.
    """

    packs: list[str]
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    head: tuple[int, str] | None = None
    not_checked: list[str] = field(default_factory=list)


def _document(manifest: bytes | None) -> Mapping[str, Any] | None:
    try:
        document = json.loads(manifest or b"")
        is_one = all(isinstance(entry["sha256"], str) for entry in document["files"].values())
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return document if is_one else None


def check_files(shelf: Shelf, pack: str, files: Mapping[str, str]) -> list[Problem]:
    """Check one pack by itself.

    Args:
        shelf: where it is.
        pack: its name.
        files: its files, and their names on the shelf.
    """
    if MANIFEST not in files:
        what = f"there is no {MANIFEST}, so it is not a finished pack"
        return [Problem(pack, what, "run ped_replica_audit again for that day and label; it writes it last")]
    document = _document(shelf.read(files[MANIFEST]))
    if document is None:
        return [Problem(f"{pack}/{MANIFEST}", "it is not a manifest any more", _RESTORE)]
    problems = []
    for name, entry in sorted(document["files"].items()):
        if name not in files:
            problems.append(Problem(f"{pack}/{name}", "the manifest names it, but it is gone", _RESTORE))
        elif (found := shelf.sha256(files[name])) != entry["sha256"]:
            what = f"it was changed after the pack was written: SHA-256 {found[:12]}…, not {entry['sha256'][:12]}…"
            problems.append(Problem(f"{pack}/{name}", what, f"do not rely on it; {_RESTORE}"))
    for name in sorted(set(files) - set(document["files"]) - {MANIFEST}):
        what = "the manifest does not name it, so it is no evidence"
        problems.append(Problem(f"{pack}/{name}", what, "remove it, or keep it elsewhere"))
    return problems


def _superseded(stored: StoredLabel) -> list[str]:
    """Return revisions that were begun and not finished, where a later one of the same period is."""
    found = []
    for period, numbers in revisions_of(stored.packs).items():
        finished = [number for number in numbers if MANIFEST in stored.packs[chain.pack_name(period, number)]]
        newest = max(finished, default=0)
        found += [chain.pack_name(period, number) for number in numbers if number < newest and number not in finished]
    return found


def verify(
    shelf: Shelf,
    stored: StoredLabel,
    *,
    label: str | None = None,
    is_whole_label: bool = False,
    heads: Sequence[str] = (),
    anchors: Sequence[Anchor] = (),
) -> Verified:
    """Check packs, and their chain when they are all that a label has.

    Args:
        shelf: where they are.
        stored: what is there.
        label: whose they have to be; None where it is not known.
        is_whole_label: whether the chain can be checked.
        heads: hashes of entries that were posted at any time.
        anchors: heads that were kept where who writes the chain cannot write.
    """
    found = Verified(sorted(stored.packs, key=order))
    log = {sequence: shelf.read(name) for sequence, name in stored.entries.items()}
    sequences = {pack: sequence for pack, (sequence, _) in chain_checks.linked(log).items()}
    superseded = _superseded(stored) if is_whole_label else []
    for pack in found.packs:
        if pack in superseded and pack not in sequences:
            found.notes.append(f"{pack} was begun and never finished; a later revision took its place")
            continue
        entry = sequences.get(pack)
        found.problems += [
            Problem(problem.where, problem.what, problem.fix, entry)
            for problem in check_files(shelf, pack, stored.packs[pack])
        ]
    for name in stored.strays:
        found.problems.append(Problem(name, "it belongs to no pack and no chain, so it is no evidence", "remove it"))
    if is_whole_label:
        manifests = {
            pack: shelf.read(files[MANIFEST]) if MANIFEST in (files := stored.packs[pack]) else None
            for pack in stored.linkable
        }
        found.problems += chain_checks.check_links(log) + chain_checks.check_packs(log, label, manifests)
        found.problems += chain_checks.check_anchors(log, anchors)
        if log:
            found.head = (max(log), chain.sha256_of(log[max(log)]))
        for head in heads:
            found.problems += chain_checks.check_head(log, head)
            found.notes += _stood(log, head, found.problems)
    found.not_checked = _not_checked(stored, is_whole_label, bool(heads) or bool(anchors))
    return found


def _not_checked(stored: StoredLabel, is_whole_label: bool, has_heads: bool) -> list[str]:
    """Say what could have happened without being found."""
    alone = [pack for pack in stored.packs if chain.parts_of(pack) is None]
    found = []
    if alone:
        which = "it is" if len(stored.packs) == 1 else f"{len(alone)} of them are" if stored.linkable else "they are"
        found.append(
            f"{which} of single cycles, which have no chain: that one was removed, or replaced with its manifest"
        )
    if stored.linkable and not is_whole_label:
        found.append(
            "the chain, which is in the folder of the label: that a pack was removed, or replaced with its manifest"
        )
    if is_whole_label and stored.entries and not has_heads:
        found.append(
            "that the newest packs were removed together with their entries, or all of it written anew: --head with a "
            "head that a digest has posted finds that, and so does the bucket of heads"
        )
    return found


def _stood(log: Mapping[int, bytes], head: str, problems: Sequence[Problem]) -> list[str]:
    """Say how the chain stood when a head was posted, and what it has got since."""
    sequence = chain_checks.at_head(log, head)
    if sequence is None:
        return []
    broken = [problem for problem in problems if problem.entry is not None and problem.entry <= sequence]
    state = "all up to it is as it was" if not broken else f"up to it: {counted(len(broken), 'problem')}"
    later = chain_checks.since(log, sequence)
    after = f"; {len(later)} since" if later else "; nothing came after it"
    return [f"head {head[:12]}… was that of entry {sequence}: {state}{after}", *(f"  {line}" for line in later)]
