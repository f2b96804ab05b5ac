"""Checks the chain of a label: by itself, against the packs, against a head that was posted, against anchors. Pure."""

from collections.abc import Iterable, Mapping

from pedwatch.audit import chain
from pedwatch.audit.anchors import Anchor
from pedwatch.audit.chain import Entry
from pedwatch.audit.problems import Problem

_RESTORE = "restore it from soft delete or from the bucket of heads, and find out who may write the bucket"


def place(sequence: int) -> str:
    """Return where an entry is, below its label's folder."""
    return f"{chain.FOLDER}/{chain.file_name(sequence)}"


def check_links(log: Mapping[int, bytes]) -> list[Problem]:
    """Check that entries are numbered without gaps, and that each names the one before it by its hash."""
    problems = []
    for sequence in range(1, max(log, default=0) + 1):
        if sequence not in log:
            problems.append(Problem(place(sequence), "this entry of the chain is gone", _RESTORE, sequence))
            continue
        entry = Entry.read(log[sequence])
        if entry is None:
            problems.append(Problem(place(sequence), "it is no entry of a chain any more", _RESTORE, sequence))
            continue
        if entry.sequence != sequence:
            what = f"it says that it is entry {entry.sequence}"
            problems.append(Problem(place(sequence), what, _RESTORE, sequence))
        before = chain.sha256_of(log[sequence - 1]) if sequence - 1 in log else None
        if sequence == 1 and entry.previous_sha256 is not None:
            what = "it is the first entry, and names one before it"
            problems.append(Problem(place(sequence), what, _RESTORE, sequence))
        elif before is not None and entry.previous_sha256 != before:
            what = f"entry {sequence - 1} is not the one that it was linked to"
            fix = f"compare both with the bucket of heads and with the digests of Slack; {_RESTORE}"
            problems.append(Problem(place(sequence), what, fix, sequence - 1))
    return problems


def linked(log: Mapping[int, bytes]) -> dict[str, tuple[int, Entry]]:
    """Return the first entry of each pack that a chain names."""
    found: dict[str, tuple[int, Entry]] = {}
    for sequence, content in sorted(log.items()):
        if (entry := Entry.read(content)) is not None:
            found.setdefault(entry.pack, (sequence, entry))
    return found


def check_packs(log: Mapping[int, bytes], label: str | None, manifests: Mapping[str, bytes | None]) -> list[Problem]:
    """Check that every entry has its pack, with that manifest, and every finished pack its entry.

    Args:
        log: number → entry.
        label: that entries have to name; None where it is not known.
        manifests: pack → bytes of its manifest, None where it has none; only packs that may be linked.
    """
    problems = []
    firsts = linked(log)
    for sequence, content in sorted(log.items()):
        entry = Entry.read(content)
        if entry is None:
            continue  # said already, by check_links
        where, manifest = place(sequence), manifests.get(entry.pack)
        if label is not None and entry.label != label:
            what = f"it is an entry of the chain of {entry.label}"
            problems.append(Problem(where, what, _RESTORE, sequence))
        if firsts[entry.pack][0] != sequence:
            what = f"{entry.pack} is linked already, by entry {firsts[entry.pack][0]}"
            problems.append(Problem(where, what, "find out who wrote it: no run links a pack twice", sequence))
        if manifest is None:
            what = (
                "the chain names this pack, and it is gone" if entry.pack not in manifests else "its manifest is gone"
            )
            problems.append(Problem(entry.pack, what, "restore it from soft delete or a backup", sequence))
        elif chain.sha256_of(manifest) != entry.manifest_sha256:
            what = f"its manifest is not the one that entry {sequence} of the chain names"
            problems.append(Problem(entry.pack, what, "do not rely on it; restore it from a backup", sequence))
    for pack in sorted(pack for pack, manifest in manifests.items() if manifest is not None and pack not in firsts):
        what = "no entry of the chain names it, so that nothing proves when it was written"
        fix = "clear the task link_pack of the run that wrote it; if no run did, somebody put it there: remove it"
        problems.append(Problem(pack, what, fix))
    return problems


def at_head(log: Mapping[int, bytes], head: str) -> int | None:
    """Return the entry that a head is the hash of; None when it is that of none."""
    wanted = head.strip().lower()
    return next((sequence for sequence, content in sorted(log.items()) if chain.sha256_of(content) == wanted), None)


def check_head(log: Mapping[int, bytes], head: str) -> list[Problem]:
    """Check that a head that was posted is, or once was, that of this chain."""
    if at_head(log, head) is not None:
        return []
    fix = "find out who replaced or removed entries since it was posted; restore them from soft delete or a backup"
    return [Problem("chain", f"no entry has the head {head[:12]}… that was posted", fix)]


def since(log: Mapping[int, bytes], sequence: int) -> list[str]:
    """Say what a chain has got since an entry, a line each."""
    entries = [(number, Entry.read(content)) for number, content in sorted(log.items()) if number > sequence]
    return [f"entry {number}: {entry.pack}, {entry.cause}" for number, entry in entries if entry is not None]


def check_anchors(log: Mapping[int, bytes], anchors: Iterable[Anchor]) -> list[Problem]:
    """Check a chain against heads that were kept where who wrote it cannot write."""
    problems = []
    for sequence, head in sorted((anchor.sequence, anchor.head) for anchor in anchors):
        if sequence not in log:
            what = f"its head {head[:12]}… is anchored, and the chain does not have it"
            problems.append(Problem(place(sequence), what, _RESTORE, sequence))
        elif chain.sha256_of(log[sequence]) != head:
            what = f"it is not the entry whose head {head[:12]}… is anchored"
            problems.append(Problem(place(sequence), what, _RESTORE, sequence))
    return problems
