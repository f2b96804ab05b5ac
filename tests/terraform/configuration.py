"""Reads folders of Terraform as python-hcl2 8 gives them, into blocks with arguments, and finds what expressions name.

python-hcl2 marks blocks with ``__is_block__``, keeps the quotes of strings and writes any other expression as ``${…}``.
Arguments that are given twice collapse there silently, and there are no line numbers: a finding names its block.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hcl2
from hcl2 import SerializationOptions

MARK = "__is_block__"
#: Blocks that Terraform itself gives every resource, and arguments.
META_BLOCKS = {"lifecycle", "provisioner", "connection"}
META_ARGUMENTS = {"count", "for_each", "depends_on", "provider"}


@dataclass
class Body:
    """What stands between two braces."""

    arguments: dict[str, Any] = field(default_factory=dict)
    blocks: dict[str, list["Body"]] = field(default_factory=dict)
    #: dynamic "name" { content { … } }: what each content holds.
    dynamic: dict[str, list["Body"]] = field(default_factory=dict)
    #: The for_each of those.
    repeated_over: list[Any] = field(default_factory=list)

    def inner(self, name: str) -> list["Body"]:
        return self.blocks.get(name, []) + self.dynamic.get(name, [])

    def names(self) -> set[str]:
        return set(self.arguments) | set(self.blocks) | set(self.dynamic)

    def walk(self) -> Iterator["Body"]:
        yield self
        for inner in (*self.blocks.values(), *self.dynamic.values()):
            for body in inner:
                yield from body.walk()

    def values(self) -> Iterator[Any]:
        """Every argument of it and of what lies in it."""
        for body in self.walk():
            yield from body.arguments.values()
            yield from body.repeated_over


@dataclass
class Block:
    """A block at the top of a file: ``resource "google_storage_bucket" "evidence" { … }``."""

    file: str
    kind: str
    labels: tuple[str, ...]
    body: Body

    def __str__(self) -> str:
        return f"{self.file}: {'.'.join((self.kind, *self.labels))}"

    @property
    def address(self) -> str:
        return ".".join((("data",) if self.kind == "data" else ()) + self.labels)

    def values(self) -> Iterator[Any]:
        """Every argument of it that is an expression: the type of a variable is none."""
        types = self.body.arguments.get("type") if self.kind == "variable" else self
        return (value for value in self.body.values() if value is not types)


def unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def literal(value: Any) -> Any:
    """A text, number or truth that is written out; None for everything that has to be computed."""
    if isinstance(value, str):
        return unquoted(value) if value.startswith('"') and "${" not in value and "%{" not in value else None
    return value if isinstance(value, bool | int | float) else None


def _is_block(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and MARK in item for item in value)


def _body(raw: dict[str, Any]) -> Body:
    body = Body()
    for key, value in raw.items():
        name = unquoted(key)
        if name == MARK:
            continue
        if name == "dynamic":
            for entry in value:
                for label, inner in entry.items():
                    if label != MARK:
                        body.repeated_over.append(inner["for_each"])
                        body.dynamic.setdefault(unquoted(label), []).extend(map(_body, inner["content"]))
        elif _is_block(value):
            body.blocks[name] = [_body(inner) for inner in value]
        else:
            body.arguments[name] = value
    return body


def _unwrapped(raw: dict[str, Any], labels: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Body]]:
    if MARK in raw:
        yield labels, _body(raw)
        return
    for label, inner in raw.items():
        yield from _unwrapped(inner, (*labels, unquoted(label)))


def read_text(text: str, file: str = "main.tf") -> list[Block]:
    """The blocks of one file."""
    tree = hcl2.loads(text, serialization_options=SerializationOptions(with_comments=False))
    return [
        Block(file, kind, labels, body)
        for kind, entries in tree.items()
        if isinstance(entries, list)
        for entry in entries
        for labels, body in _unwrapped(entry, ())
    ]


@functools.cache
def read_folder(folder: Path) -> list[Block]:
    """The blocks of all .tf files of one folder: a module."""
    return [block for path in sorted(folder.glob("*.tf")) for block in read_text(path.read_text(), path.name)]


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, keys of objects as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def _code(text: str) -> Iterator[str]:
    """Of a text in python-hcl2's form the parts that are expressions, without the strings in them."""
    depth, plain, start = 0, "", 0
    while start < len(text):
        here = text[start:]
        if depth == 0:  # in a string, or between two
            if here.startswith("$${"):
                start += 3
            elif here.startswith(("${", "%{")):
                depth, start = 1, start + 2
            else:
                start += 1
            continue
        if here[0] == '"':  # a string within an expression: what it interpolates is code again
            end = _end_of_string(text, start)
            yield from _code(text[start + 1 : end])
            plain, start = plain + '""', end + 1
            continue
        depth += {"{": 1, "}": -1}.get(here[0], 0)
        plain, start = (plain + here[0], start + 1) if depth else (plain, start + 1)
        if depth == 0:
            yield plain
            plain = ""


def _end_of_string(text: str, start: int) -> int:
    position, depth = start + 1, 0
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text.startswith("${", position):
            depth, position = depth + 1, position + 2
            continue
        if depth and text[position] == '"':
            position = _end_of_string(text, position) + 1
            continue
        if depth and text[position] in "{}":
            depth += 1 if text[position] == "{" else -1
        elif not depth and text[position] == '"':
            return position
        position += 1
    raise ValueError(f"a string without an end: {text[start : start + 60]}")


@dataclass(frozen=True)
class Named:
    """What an expression names: ``google_storage_bucket.evidence.name``, the parts without their indices."""

    parts: tuple[str, ...]
    #: Parts that an index follows.
    indexed: frozenset[int]

    def __str__(self) -> str:
        return ".".join(self.parts)


_TRAVERSAL = re.compile(r"(?<![\w.\]])[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\])*")
_KEYWORDS = {"for", "in", "if", "true", "false", "null", "endif", "else"}


def names_in(value: Any) -> Iterator[Named]:
    """What a value refers to; variables of its own ``for`` are left out."""
    for text in texts(value):
        parts = list(_code(text))
        own = {
            name
            for code in parts
            for pair in re.findall(r"\bfor\s+([\w\s,]+?)\s+in\b", code)
            for name in re.split(r"[\s,]+", pair)
        }
        yield from (name for code in parts for name in _names_in_code(code) if name.parts[0] not in own)


def functions_in(value: Any) -> Iterator[str]:
    """The functions that a value calls."""
    for text in texts(value):
        for code in _code(text):
            yield from re.findall(r"([A-Za-z_][\w]*)\(", code)


def _names_in_code(code: str) -> Iterator[Named]:
    for match in _TRAVERSAL.finditer(code):
        text, follows = match.group(), code[match.end() :].lstrip()
        if follows.startswith("(") or text in _KEYWORDS or re.match(r"=(?![=>])", follows):
            continue
        for index in re.findall(r"\[(.*?)\]", text):
            yield from _names_in_code(index)
        pieces = re.findall(r"[A-Za-z_][\w-]*|\[[^\]]*\]", re.sub(r"\[.*?\]", "[]", text))
        parts: list[str] = []
        indexed: set[int] = set()
        for piece in pieces:
            if piece.startswith("["):
                indexed.add(len(parts) - 1)
            else:
                parts.append(piece)
        if parts and parts[0] not in _KEYWORDS:
            yield Named(tuple(parts), frozenset(indexed))
