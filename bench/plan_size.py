"""Counts what BigQuery has to plan: it does not keep what a WITH names, but plans it anew wherever it is read.

Statements of a script are counted one by one. A view is opened, a temporary table is read as any other. A statement
that sqlglot does not understand raises: what is not counted would pass for small.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp, parse_one

from pedwatch import sql
from tests.sql import googlesql
from tests.sql.googlesql import DATASET, SQL_ROOT, parse, text_of

_CONTROL = frozenset(f"AST{name}Statement" for name in ("Raise", "Return", "Begin", "Commit", "Rollback"))
nested = getattr(googlesql, "nested", None) or googlesql._nested  # type: ignore[attr-defined]
"""Of the tree under test: an older one has it by another name."""


class NotCountableError(AssertionError):
    """sqlglot takes a statement for a command, whose tables it does not know."""


@dataclass(frozen=True)
class PlanSize:
    """How much a statement is when every reference is written out.

    Attributes:
        statement: its first line.
        scans: tables read, each as often as it is read.
        tables: tables read or written, each once: BigQuery bills ten megabytes at least for each.
        depth: the longest chain of WITH names, each of which reads the next; views are part of it.
    """

    statement: str
    scans: int
    tables: frozenset[str]
    depth: int


@dataclass(frozen=True)
class _Size:
    scans: int = 0
    tables: frozenset[str] = frozenset()
    depth: int = 0

    def with_(self, other: "_Size") -> "_Size":
        return _Size(self.scans + other.scans, self.tables | other.tables, max(self.depth, other.depth))


def plan_sizes(name: str) -> list[PlanSize]:
    """Count every statement of a file of include/sql."""
    return sizes_of(sql.render(SQL_ROOT, name, dataset=DATASET))


def sizes_of(text: str) -> list[PlanSize]:
    """Count every statement of a text; a script's are those that BigQuery runs as jobs of their own.

    Raises:
        NotCountableError: a statement that sqlglot does not understand.
    """
    return [size for text_, _ in _statements(text.encode(), parse(text)) if (size := _plan_size(text_)).tables]


def expressions_of(text: str) -> list[PlanSize]:
    """Count what a script declares, assigns and decides by, as far as that reads tables: no statements of their own.

    Those that are always evaluated: what stands in a branch may not be.

    Raises:
        NotCountableError: an expression that sqlglot does not understand.
    """
    source, nodes = text.encode(), parse(text)
    own = [next(iter(_statements(source, [node])), ("SELECT 1", True)) for node in nodes]
    found = (_plan_size(expression) for expression, is_statement in own if not is_statement)
    return [size for size in found if size.tables]


def statements_of(text: str) -> Iterator[tuple[str, exp.Expression]]:
    """Yield the statements that a text runs, conditions and what is assigned among them: each as text and understood.

    Raises:
        NotCountableError: a statement that sqlglot does not understand.
    """
    for statement, _ in _statements(text.encode(), parse(text)):
        yield statement, _understood(statement)


def _plan_size(statement: str) -> PlanSize:
    size = _size(_understood(statement), {})
    return PlanSize(statement.split("\n", 1)[0], size.scans, size.tables, size.depth)


def _statements(source: bytes, nodes: Any) -> Iterator[tuple[str, bool]]:
    """Yield each statement and expression as text, and whether it is a statement."""
    for node in nodes:
        kind = type(node).__name__
        if kind in _CONTROL:
            continue
        if kind == "ASTVariableDeclaration":
            if node.default_value:
                yield f"SELECT {text_of(source, node.default_value)}", False
        elif kind == "ASTSingleAssignment":
            yield f"SELECT {text_of(source, node.expression)}", False
        elif kind == "ASTAssertStatement":
            yield f"SELECT {text_of(source, node.expr)}", True
        elif (parts := nested(node)) is not None:
            for condition, statements in parts:
                if condition:
                    yield f"SELECT {text_of(source, condition)}", False
                yield from _statements(source, statements)
        else:
            yield text_of(source, node), True


def _understood(text: str) -> exp.Expression:
    found = parse_one(text, read="bigquery")
    if not isinstance(found, exp.Expression) or isinstance(found, exp.Command):
        raise NotCountableError(f"sqlglot does not understand: {text[:200]}")
    return found


def _size(node: exp.Expression, known: Mapping[str, _Size]) -> _Size:
    """Size of a node, with the WITH names that it may read; each is counted wherever it is read."""
    clause = node.args.get("with_") or node.args.get("with")
    if clause is not None:
        known = dict(known)
        for name in clause.expressions:
            inner = _size(name.this, known)
            known[name.alias] = _Size(inner.scans, inner.tables, inner.depth + 1)
    found = _Size()
    for child in node.iter_expressions():
        if child is clause:
            continue
        if isinstance(child, exp.Table) and isinstance(child.this, exp.Identifier):
            found = found.with_(_read(child, known) if not _is_filled(child) else _Size(0, frozenset([child.name]), 0))
        found = found.with_(_size(child, known))
    return found


def _is_filled(table: exp.Table) -> bool:
    """Whether a table is created or inserted into: written, but not read."""
    parent = table.parent.parent if isinstance(table.parent, exp.Schema) else table.parent
    return isinstance(parent, exp.Create | exp.Insert)


def _read(table: exp.Table, known: Mapping[str, _Size]) -> _Size:
    if not table.db and table.name in known:
        return known[table.name]
    return _view(table.name) or _Size(1, frozenset([table.name]), 0)


@functools.cache
def _view(name: str) -> _Size | None:
    path = f"ddl/views/{name}.sql"
    if path not in sql.statement_names(SQL_ROOT):
        return None
    created = _understood(sql.render(SQL_ROOT, path, dataset=DATASET))
    return _size(created.expression, {})
