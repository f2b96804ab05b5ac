"""Checks evidence packs: every file against its hash, every link against the pack before. Pure; reading is given."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pedwatch.audit.chain import before, hash_of, links
from pedwatch.audit.pack_files import MANIFEST, PREVIOUS

_RESTORE = "restore it from a backup, or write the pack anew by running ped_replica_audit for that day and label"


@dataclass(frozen=True)
class Problem:
    """Something that differs, and what to do."""

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        """Write it as one line for a person."""
        return f"{self.where}: {self.what}. What to do: {self.fix}."


@dataclass(frozen=True)
class Pack:
    """A pack that can be read.

    Args:
        folder: its name, the last part of its address.
        files: names of the files that are there.
        hash_file: returns the SHA-256 of a file.
        manifest: bytes of the manifest; None when there is none.
    """

    folder: str
    files: Sequence[str]
    hash_file: Callable[[str], str]
    manifest: bytes | None


def _document(pack: Pack) -> Mapping[str, Any] | None:
    try:
        document = json.loads(pack.manifest or b"")
    except ValueError:
        return None
    return document if isinstance(document, dict) and isinstance(document.get("files"), dict) else None


def check_files(pack: Pack) -> list[Problem]:
    """Check one pack by itself."""
    if pack.manifest is None:
        what = f"there is no {MANIFEST}, so it is not a finished pack"
        return [Problem(pack.folder, what, "run ped_replica_audit again for that day and label; it writes it last")]
    document = _document(pack)
    if document is None:
        return [Problem(f"{pack.folder}/{MANIFEST}", "it is not a manifest any more", _RESTORE)]
    problems = []
    for name, entry in sorted(document["files"].items()):
        if name not in pack.files:
            problems.append(Problem(f"{pack.folder}/{name}", "the manifest names it, but it is gone", _RESTORE))
        elif (found := pack.hash_file(name)) != entry["sha256"]:
            what = f"it was changed after the pack was written: SHA-256 {found[:12]}…, not {entry['sha256'][:12]}…"
            problems.append(Problem(f"{pack.folder}/{name}", what, f"do not rely on it; {_RESTORE}"))
    for name in sorted(set(pack.files) - set(document["files"]) - {MANIFEST}):
        what = "the manifest does not name it, so it is no evidence"
        problems.append(Problem(f"{pack.folder}/{name}", what, "remove it, or keep it elsewhere"))
    return problems


def check_chain(packs: Mapping[str, Pack]) -> list[Problem]:
    """Check that every pack links to the one before it, with the hash that one has."""
    problems = []
    for folder in links(packs):
        document = _document(packs[folder])
        if document is None:
            continue  # said already, by check_files
        said, expected = document.get(PREVIOUS), before(folder, packs)
        where = f"{folder}/{MANIFEST}"
        if said is None and expected is not None:
            fix = "clear the task link_packs of the newest run of this label; if it stays, a manifest was replaced"
            problems.append(Problem(where, f"it is not linked to {expected}", fix))
        elif said is not None and said["folder"] != expected:
            what = f"it links to {said['folder']}, and the pack before it is {expected or 'none'}"
            fix = "find out who removed or added a pack; restore what is missing, then clear link_packs"
            problems.append(Problem(where, what, fix))
        elif said is not None and expected and said["manifest_sha256"] != hash_of(packs[expected].manifest or b""):
            what = f"the manifest of {expected} is not the one it was linked to"
            fix = f"compare {expected} with a backup and with the chain's head in the digests of Slack"
            problems.append(Problem(where, what, fix))
    return problems


def verify(packs: Mapping[str, Pack], *, is_whole_label: bool) -> list[Problem]:
    """Check packs, and their chain when they are all the packs of a label."""
    problems = [problem for folder in sorted(packs) for problem in check_files(packs[folder])]
    return problems + (check_chain(packs) if is_whole_label else [])


def head(packs: Mapping[str, Pack]) -> tuple[str, str] | None:
    """Return the newest link of the chain and its manifest's hash: what the digest posts."""
    ordered = [folder for folder in links(packs) if packs[folder].manifest is not None]
    return (ordered[-1], hash_of(packs[ordered[-1]].manifest or b"")) if ordered else None
