"""Anchors: heads of evidence in a second bucket, where who writes the evidence can add and never change. Pure.

An anchor is the entry of the chain itself, under its number and its hash; so each proves by itself that it is whole,
and a chain that was lost can be read from them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pedwatch.audit import chain

FOLDER = "heads"
_NAME = re.compile(r"(?P<sequence>[0-9]{6,})-(?P<head>[0-9a-f]{64})\.json")
_THERE = ("storage.objects.delete", "retention policy")
"""What refusals speak of that who may only create gets for an object that is there."""


@dataclass(frozen=True)
class Anchor:
    """A head that was kept: number and hash of an entry."""

    sequence: int
    head: str


def prefix(label: str) -> str:
    """Return the folder of a label's anchors, with a slash at its end."""
    return f"{FOLDER}/{label}/"


def object_name(label: str, sequence: int, content: bytes) -> str:
    """Return the name of an entry's anchor."""
    return f"{prefix(label)}{sequence:06}-{chain.sha256_of(content)}.json"


def read(label: str, names: Iterable[str]) -> list[Anchor]:
    """Return the anchors among the names of objects; what is no anchor's name proves nothing."""
    found = (_NAME.fullmatch(name.removeprefix(prefix(label))) for name in names)
    return [Anchor(int(match["sequence"]), match["head"]) for match in found if match]


def is_there(refusal: str) -> bool:
    """Tell whether a refusal (403) says that the object is there: nobody replaces it, so it is what was written.

    Who may create and not delete is answered so, instead of by the condition that there is none (412), and nobody may
    replace what a retention policy keeps. Of an upload the client keeps the words of a refusal only.
    """
    return any(words in refusal for words in _THERE)
