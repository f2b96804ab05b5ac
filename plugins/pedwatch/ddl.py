"""Reads ``include/sql/ddl``: its tables and views, and their columns, to compare them with what is there."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

TABLES, MIGRATIONS, VIEWS = _ORDER = ("ddl/tables/", "ddl/migrations/", "ddl/views/")
_API_TYPES = {"INT64": "INTEGER", "BOOL": "BOOLEAN", "FLOAT64": "FLOAT", "STRUCT": "RECORD"}
_COLUMN = re.compile(r"(?P<name>\w+)\s+(?:ARRAY<\s*)?(?P<kind>\w+)")


@dataclass(frozen=True)
class Column:
    """A column as the statement has it."""

    name: str
    api_type: str
    """Its type as the BigQuery API names it; an array's is that of its elements."""
    definition: str

    @property
    def addable(self) -> str:
        """The definition as ADD COLUMN takes it: rows that are there have no value, so that it cannot be required."""
        head, separator, options = self.definition.partition("OPTIONS")
        return head.replace(" NOT NULL", "") + separator + options


def in_order(statements: Iterable[str]) -> list[str]:
    """Return the names of statements as they follow from each other: tables, migrations, views, then all else."""
    return sorted(statements, key=lambda name: (_place(name), name))


def _place(name: str) -> int:
    return next((place for place, folder in enumerate(_ORDER) if name.startswith(folder)), len(_ORDER))


def table_names(statements: Iterable[str]) -> list[str]:
    """Return the tables among the names of statements, in their order."""
    return [_stem(name) for name in statements if name.startswith(TABLES)]


def view_names(statements: Iterable[str]) -> list[str]:
    """Return the views among the names of statements, in their order."""
    return [_stem(name) for name in statements if name.startswith(VIEWS)]


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".sql")


def columns(statement: str) -> list[Column]:
    """Return the top-level columns of a CREATE TABLE statement, in its order."""
    found = []
    for definition in _definitions(statement):
        match = _COLUMN.match(definition)
        if match:
            kind = match["kind"]
            found.append(Column(match["name"], _API_TYPES.get(kind, kind), definition))
    return found


def _definitions(statement: str) -> Iterator[str]:
    """Yield what stands between the commas of the column list; those within brackets and quotes part nothing."""
    code = "\n".join(line for line in statement.splitlines() if not line.lstrip().startswith("--"))
    depth, part, is_quoted = 0, "", False
    for character in code[code.index("(") + 1 :]:
        is_quoted ^= character == "'"
        if not is_quoted:
            depth += (character in "(<") - (character in ")>")
            if depth < 0 or (depth == 0 and character == ","):
                yield part.strip()
                part = ""
                if depth < 0:
                    return
                continue
        part += character
