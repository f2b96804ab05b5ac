"""Which data objects of what manifests tell are to be loaded, and which attempts are lost. Pure.

An attempt's rows are loaded once and stay. One that is lost costs itself and no other; what is said of it says what to
do.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_PIECE = 1 << 20


@dataclass(frozen=True)
class StoredObject:
    """A data object as the bucket holds it; the MD5 in base64."""

    uri: str
    md5: str


Loaded = Mapping[tuple[Any, str, str], int]
"""How many rows a table has, by cycle, cluster and attempt."""


def attempt_of(told: Mapping[str, Any]) -> tuple[Any, str, str]:
    """Return what names an attempt in a manifest, or in a row of a table."""
    return told["cycle"], told["cluster"], told["attempt_id"]


def lost_objects(
    manifests: Iterable[Mapping[str, Any]], objects: Iterable[StoredObject], loaded: Loaded
) -> dict[str, str]:
    """Return the objects that manifests vouch for and whose rows cannot be had, with what to do.

    What is loaded already needs no object any more.
    """
    stored = {item.uri: item.md5 for item in objects}
    lost = {}
    for told in manifests:
        uri, md5, rows = told["evidence_object"], told["object_md5"], loaded.get(attempt_of(told), 0)
        if not uri or rows == told["row_count"]:
            continue
        if rows:
            lost[uri] = f"{rows} rows of its data object {uri} are loaded, and not the {told['row_count']} it holds"
        elif uri not in stored:
            lost[uri] = f"its data object {uri} is not in the bucket: restore it from the bucket's versions"
        elif md5 and stored[uri] != md5:
            lost[uri] = f"its data object {uri} is not as the collector wrote it (MD5): restore it"
    return lost


def objection_to(content: bytes, rows: int, sha256: str | None) -> str | None:
    """Return why a data object is not what its manifest says; None where it is.

    Args:
        content: its bytes, packed.
        rows: how many it is to hold.
        sha256: of its bytes, unpacked; None where the manifest does not say.
    """
    digest, found = hashlib.sha256(), 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as unpacked:
            while piece := unpacked.read(_PIECE):
                digest.update(piece)
                found += piece.count(b"\n")
    except (OSError, EOFError, zlib.error) as error:
        return f"does not unpack ({error})"
    if found != rows:
        return f"holds {found} rows, and its manifest promises {rows}"
    return "is not what its manifest vouches for (SHA-256)" if sha256 not in (None, digest.hexdigest()) else None


def to_load(manifests: Iterable[Mapping[str, Any]], loaded: Loaded, lost: Collection[str]) -> dict[str, int]:
    """Return the objects whose rows are not loaded yet, with how many they hold: a cycle's own, and what came late."""
    return {
        told["evidence_object"]: told["row_count"]
        for told in manifests
        if told["evidence_object"] not in lost
        and told["evidence_object"]
        and told["row_count"]
        and attempt_of(told) not in loaded
    }
