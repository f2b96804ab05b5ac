"""GoogleSQL's types and how values of different types meet."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Type:
    """A GoogleSQL type; ``fields`` of a STRUCT are (name or None, type), ``element`` is an ARRAY's.

    ``untyped`` is that of a NULL, INT64 when nothing else is known.
    """

    kind: str
    element: "Type | None" = None
    fields: tuple[tuple[str | None, "Type"], ...] = ()
    untyped: bool = False

    def __str__(self) -> str:
        if self.kind == "ARRAY":
            return f"ARRAY<{self.element}>"
        if self.kind == "STRUCT":
            return "STRUCT<" + ", ".join(f"{name} {type}" if name else str(type) for name, type in self.fields) + ">"
        return self.kind

    @property
    def is_array(self) -> bool:
        """ARRAY."""
        return self.kind == "ARRAY"

    @property
    def is_struct(self) -> bool:
        """STRUCT."""
        return self.kind == "STRUCT"

    @property
    def is_numeric(self) -> bool:
        """INT64, FLOAT64 or NUMERIC."""
        return self.kind in NUMBERS

    @property
    def item(self) -> "Type":
        """The element type of an array."""
        assert self.element is not None
        return self.element

    @cached_property
    def field_keys(self) -> tuple[str, ...]:
        """What the fields are called inside DuckDB, where every field needs a name of its own."""
        keys: list[str] = []
        for index, (name, _) in enumerate(self.fields):
            key = name or f"_field_{index + 1}"
            if any(key.lower() == other.lower() for other in keys):
                key = f"_field_{index + 1}_{key}"
            keys.append(key)
        return tuple(keys)

    @cached_property
    def duckdb(self) -> str:
        """The DuckDB type that holds it."""
        if self.kind == "ARRAY":
            return f"{self.item.duckdb}[]"
        if self.kind == "STRUCT":
            inner = (f"{quote(key)} {type.duckdb}" for key, (_, type) in zip(self.field_keys, self.fields, strict=True))
            return f"STRUCT({', '.join(inner)})"
        return DUCKDB_TYPES[self.kind]

    def field_index(self, name: str) -> int | None:
        """Where the field of that name stands, case-insensitively."""
        for index, (field_name, _) in enumerate(self.fields):
            if field_name and field_name.lower() == name.lower():
                return index
        return None


def quote(name: str) -> str:
    """A DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A DuckDB string literal."""
    if "\0" in text:
        return "(" + " || chr(0) || ".join(text_literal(part) for part in text.split("\0")) + ")"
    return "'" + text.replace("'", "''") + "'"


NUMBERS = ("INT64", "NUMERIC", "FLOAT64")
DUCKDB_TYPES = {
    "INT64": "BIGINT", "FLOAT64": "DOUBLE", "NUMERIC": "DECIMAL(38,9)", "BOOL": "BOOLEAN", "STRING": "VARCHAR",
    "BYTES": "BLOB", "DATE": "DATE", "TIMESTAMP": "TIMESTAMPTZ",
}  # fmt: skip

INT64, FLOAT64, NUMERIC = Type("INT64"), Type("FLOAT64"), Type("NUMERIC")
BOOL, STRING, BYTES, DATE, TIMESTAMP = Type("BOOL"), Type("STRING"), Type("BYTES"), Type("DATE"), Type("TIMESTAMP")
NULL = Type("INT64", untyped=True)

SIMPLE_TYPES = {
    "INT64": INT64, "INT": INT64, "INTEGER": INT64, "SMALLINT": INT64, "BIGINT": INT64, "TINYINT": INT64,
    "BYTEINT": INT64, "FLOAT64": FLOAT64, "NUMERIC": NUMERIC, "DECIMAL": NUMERIC, "BOOL": BOOL, "BOOLEAN": BOOL,
    "STRING": STRING, "BYTES": BYTES, "DATE": DATE, "TIMESTAMP": TIMESTAMP,
}  # fmt: skip
MISSING_TYPES = frozenset("BIGNUMERIC BIGDECIMAL DATETIME TIME JSON INTERVAL GEOGRAPHY RANGE".split())
"""Those that BigQuery has and this stand-in has not."""

# What each type turns into by itself where another one is expected.
_WIDENS_TO = {"INT64": ("NUMERIC", "FLOAT64"), "NUMERIC": ("FLOAT64",)}
_LITERAL_TURNS_INTO = {"STRING": ("DATE", "TIMESTAMP", "BYTES"), "FLOAT64": ("NUMERIC",)}


def array_of(element: Type) -> Type:
    """ARRAY of a type."""
    return Type("ARRAY", element=element)


def struct_of(*fields: tuple[str | None, Type]) -> Type:
    """STRUCT of fields."""
    return Type("STRUCT", fields=tuple(fields))


def same(left: Type, right: Type) -> bool:
    """Whether two types are the same, names of struct fields aside."""
    if left.kind != right.kind:
        return False
    if left.is_array:
        return same(left.item, right.item)
    if left.is_struct:
        return len(left.fields) == len(right.fields) and all(
            same(a, b) for (_, a), (_, b) in zip(left.fields, right.fields, strict=True)
        )
    return True


def widens(source: Type, target: Type) -> bool:
    """Whether a value of ``source`` is implicitly one of ``target`` (coercion without literals)."""
    if same(source, target):
        return True
    if source.is_struct and target.is_struct and len(source.fields) == len(target.fields):
        return all(widens(a, b) for (_, a), (_, b) in zip(source.fields, target.fields, strict=True))
    if source.is_array and target.is_array:
        return False
    return target.kind in _WIDENS_TO.get(source.kind, ())


def literal_becomes(source: Type, target: Type) -> bool:
    """Whether a literal or parameter of ``source`` may stand where ``target`` is expected."""
    return widens(source, target) or target.kind in _LITERAL_TURNS_INTO.get(source.kind, ())


def supertype(left: Type, right: Type) -> Type | None:
    """The type both turn into, or None."""
    if same(left, right):
        return left
    if widens(left, right):
        return right
    if widens(right, left):
        return left
    if left.is_struct and right.is_struct and len(left.fields) == len(right.fields):
        fields = []
        for (name, a), (other, b) in zip(left.fields, right.fields, strict=True):
            common = supertype(a, b)
            if common is None:
                return None
            fields.append((name if name else other, common))
        return struct_of(*fields)
    return None
