"""Reads off a statement's leading comment which parameters it takes, and of which types."""

import re
from typing import Any

Kind = str | dict[str, Any]
"""A scalar type's name, ``ARRAY<type>``, or a mapping of column to Kind, which means an array of such rows."""

_DECLARED = re.compile(r"((?:@\w+, )*@\w+) ([A-Z0-9]+(?:<[\w<>, ]+>)?)(?=[:;.]|$)")
_ROWS = re.compile(r"ARRAY<STRUCT<(.+)>>")


def declared_types(text: str) -> dict[str, str]:
    """Return the declared types by parameter: ``@cycle TIMESTAMP: …`` a line, or several on one.

    ``@cycle, @known_at TIMESTAMP; @origin STRING.`` declares three. Comments further down declare nothing.
    """
    header = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        header.append(line.removeprefix("--").strip())
    found = _DECLARED.findall(" ".join(header))
    return {name.strip("@"): kind for names, kind in found for name in names.split(", ")}


def kind_of(declared: str) -> Kind:
    """Turn a type as it is written into a Kind.

    Raises:
        ValueError: a struct that is not the element of an array, which no statement here takes.
    """
    rows = _ROWS.fullmatch(declared.strip())
    if rows:
        return {name: kind_of(kind) for name, _, kind in (part.partition(" ") for part in _columns(rows[1]))}
    if "STRUCT" in declared:
        raise ValueError(f"{declared}: rows come as ARRAY<STRUCT<…>>")
    return declared.strip()


def _columns(text: str) -> list[str]:
    """Split at the commas that are in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "<") - (character == ">")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]
