"""Revisions of a pack: which one an audit writes, and why it differs from the one before. Pure.

A revision that is finished, by its manifest, is never written again. Files are created in one order, and only where
there is none of that name; so whoever creates the first file that differs owns an unfinished revision, and all others,
a run that died among them, go on to another one. No revision holds files of two audits.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pedwatch.audit.pack_files import MANIFEST

FIRST = "first audit"
_AS_OF = "inputs_as_of"
_FACTS = {
    "report_timezone": "another time zone",
    "teams": "other teams",
    "apis": "other APIs",
    "pedwatch_version": "another version of pedwatch",
    "rule_version": "other rules",
    "policy_versions": "another policy",
    "pages": "another address of Airflow",
}
"""What a manifest says of how a pack was made, and what its change is called."""
_LIMITS = "limits learnt since"
_FILES = {"coverage.csv": "late data", "limits.csv": _LIMITS, "policy_changes.csv": "another policy"}
"""Files that are made of one kind of source, and what their change is called."""


@dataclass(frozen=True)
class Choice:
    """What is to be written: the files, in their order, that a revision lacks; none where all is there."""

    revision: int
    missing: tuple[str, ...]


def _in_order(names: Mapping[str, str]) -> list[str]:
    return [*sorted(name for name in names if name != MANIFEST), MANIFEST]


def choose(mine: Mapping[str, str], there: Mapping[int, Mapping[str, str]]) -> Choice:
    """Choose the revision that a pack is written to.

    The newest finished one, where the pack is what it holds; else an unfinished one behind it that holds nothing else;
    else a new one.

    Args:
        mine: file → fingerprint of the pack, manifest included.
        there: revision → file → fingerprint of what the bucket holds of the period.
    """
    finished = max((revision for revision, files in there.items() if MANIFEST in files), default=0)
    candidates = sorted(revision for revision in there if revision >= max(finished, 1))
    for revision in candidates:
        held = {name: found for name, found in there[revision].items() if name in mine}
        is_mine = all(mine[name] == found for name, found in held.items())
        is_foreign = revision != finished and held.keys() != there[revision].keys()
        if is_mine and not is_foreign:
            return Choice(revision, tuple(name for name in _in_order(mine) if name not in held))
    return Choice(max(there, default=0) + 1, tuple(_in_order(mine)))


def cause_of(manifest: bytes, before: bytes | None) -> str:
    """Say why a revision differs from the one before it, from what the two manifests say; the same for both always.

    Args:
        manifest: of the revision.
        before: of the newest linked revision of the same period below it; None for the first.
    """
    if before is None:
        return FIRST
    try:
        new, old = json.loads(manifest), json.loads(before)
        hashes = {name: (new["files"].get(name), old["files"].get(name)) for name in {**new["files"], **old["files"]}}
    except (ValueError, KeyError, TypeError, AttributeError):
        return "the manifest before it cannot be read"
    causes = []
    if new.get("known_at") != old.get("known_at"):
        causes.append(f"limits as known {_known(new.get('known_at'))}")
    causes += [told for name, told in _FACTS.items() if new.get(name) != old.get(name)]
    causes += [told for name, told in _FILES.items() if name in hashes and hashes[name][0] != hashes[name][1]]
    if causes:
        return ", ".join(dict.fromkeys(causes))
    differing = sorted(name for name, (one, other) in hashes.items() if one != other)
    if "differences.csv" in differing:
        return _LIMITS  # which were not used in what is counted
    if differing:
        return f"another content of {', '.join(differing)}"
    if new == old:
        return "files of the revision before were changed"
    return "recorded anew, the same" if {**new, _AS_OF: None} == {**old, _AS_OF: None} else "another manifest"


def _known(known_at: object) -> str:
    return str(known_at) if known_at in ("then", "now") else f"at {known_at}"
