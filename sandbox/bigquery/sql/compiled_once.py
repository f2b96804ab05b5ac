"""What a node was compiled to, kept for the next time: the same statements come again and again.

Most of what a small query costs is its compilation. That depends on the text, on the tables that it names and on the
types of values, never on the values, which are bound when it runs; so the second time only what it depends on is looked
up: tables, with the rights to them, values to bind, and what is billed by name.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar, cast

from sandbox.bigquery.model import TableMeta
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.environment import Environment, Noted

Compiled = TypeVar("Compiled")
_MOST = 1024


@dataclass(frozen=True)
class _Kept:
    """A compilation. It holds its node: the place of a node that is gone may become another's."""

    node: n.Node
    shape: tuple[Any, ...]
    noted: Noted
    tables: list[tuple[Any, ...]]
    result: Any


_kept: OrderedDict[tuple[Any, ...], _Kept] = OrderedDict()
_lock = Lock()


def compiled_once(environment: Environment, node: n.Node, compile: Callable[[], Compiled], *how: object) -> Compiled:
    """Return what ``compile`` makes of a node, or made of it in an environment of the same shape.

    Args:
        environment: what it is compiled against.
        node: a node of the shared tree of a text.
        compile: compiles it.
        how: what else the result depends on.
    """
    key, shape, referenced = (id(node), *how), _shape(environment), list(environment.referenced)
    with _lock:
        kept = _kept.get(key)
        if kept is not None:
            _kept.move_to_end(key)
    if kept is not None and kept.shape == shape and _reads_the_same(environment, kept):
        environment.note(kept.noted)
        return cast(Compiled, kept.result)
    environment.referenced = referenced
    with environment.noting() as noted:
        result = compile()
    tables = [_table_shape(environment.table(ref)) for ref, _ in noted.lookups]
    with _lock:
        _kept[key] = _Kept(node, shape, noted, tables, result)
        if len(_kept) > _MOST:
            _kept.popitem(last=False)
    return result


def _shape(environment: Environment) -> tuple[Any, ...]:
    return (
        environment.project,
        environment.default_dataset,
        {name: parameter.type for name, parameter in environment.named_parameters.items()},
        {name: variable.type for name, variable in environment.variables.items()},
        {name: (table.physical_name, table.columns) for name, table in environment.temporary_tables.items()},
    )


def _table_shape(meta: TableMeta) -> tuple[Any, ...]:
    return meta.kind, meta.fields, meta.time_partitioning, meta.require_partition_filter, meta.view_query


def _reads_the_same(environment: Environment, kept: _Kept) -> bool:
    lookups = zip(kept.noted.lookups, kept.tables, strict=True)
    return all(_table_shape(environment.read(ref, is_target=is_target)) == table for (ref, is_target), table in lookups)
