"""Which columns of a view a reader filters on so that BigQuery reads only some partitions of what is below it.

BigQuery takes a condition on a view's column down to the table through plain columns and ``DATE(column)``, windows that
are partitioned by the column, GROUP BY keys, the left side of a LEFT JOIN, and both sides of an inner join on that very
column; through nothing else that is used here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlglot import exp, parse_one

from pedwatch import sql
from tests.sql.googlesql import DATASET, SQL_ROOT
from tests.sql.test_partition_pruning import conditions, partition_columns, prunes

OUTBOX = "notifications"
"""What was told of what is open may be of any age, and is little: a view may read all of it."""


class Named(NamedTuple):
    """A WITH entry, and those that it may read."""

    query: exp.Query
    names: "Names"


Names = Mapping[str, Named]


@dataclass(frozen=True)
class Scan:
    """A partitioned table that a query reads."""

    table: str
    is_reached: bool
    """By the reader's condition."""
    is_bounded: bool
    """By a condition of the query on the time that it is."""


@dataclass(frozen=True)
class Filters:
    """What a view wants of its readers.

    Attributes:
        columns: a condition on any of them reaches all partitioned tables.
        is_required: without one all partitions would be read.
    """

    columns: tuple[str, ...]
    is_required: bool


def filters_of(view: str) -> Filters:
    """Return what a view of include/sql wants."""
    return filters_in(_body(view))


def filters_in(query: exp.Query) -> Filters:
    """Return what a query wants, taken for a view."""
    without = list(scans(query, None))
    columns = [name for name in _columns(query) if without and all(scan.is_reached for scan in scans(query, name))]
    return Filters(tuple(columns), not all(scan.is_bounded for scan in without))


def scans(query: exp.Expression, column: str | None, names: Names | None = None) -> Iterator[Scan]:
    """Yield the partitioned tables below a query whose reader filters on one of its columns, or on none."""
    query, names = query.unnest(), dict(names or {})
    for entry in query.ctes:
        names[entry.alias] = Named(entry.this, dict(names))
    if isinstance(query, exp.SetOperation):
        yield from scans(query.left, column, names)
        yield from scans(query.right, column, names)
        return
    reached = _reached(query, column, names) if column else {}
    joins = query.args.get("joins") or []
    sources = [query.args["from_"].this, *(join.this for join in joins)] if query.args.get("from_") else []
    for source in sources:
        yield from _read(source, reached.get(source.alias_or_name), names)
    for inner in query.find_all(exp.Select):
        if inner is not query and inner.parent_select is query and not _is_source(inner, sources, query):
            yield from scans(inner, None, names)


def _is_source(inner: exp.Expression, sources: list[exp.Expression], query: exp.Expression) -> bool:
    while inner is not query:
        if isinstance(inner, exp.CTE) or any(inner is source for source in sources):
            return True
        inner = inner.parent
    return False


def _read(source: exp.Expression, column: str | None, names: Names) -> Iterator[Scan]:
    if isinstance(source, exp.Subquery):
        yield from scans(source.this, column, names)
    elif isinstance(source, exp.Table) and not source.db and source.name in names:
        yield from scans(names[source.name].query, column, names[source.name].names)
    elif isinstance(source, exp.Table) and f"ddl/views/{source.name}.sql" in sql.statement_names(SQL_ROOT):
        yield from scans(_body(source.name), column)
    elif isinstance(source, exp.Table) and source.name == OUTBOX:
        return
    elif isinstance(source, exp.Table) and (partition := partition_columns().get(source.name)):
        known = [each for each in conditions(source) if prunes(each, source, partition)]
        # A literal, 1970 for one, is a condition that holds more the longer it stands there.
        is_of_now = any(each.find(exp.CurrentTimestamp, exp.CurrentDate) for each in known)
        yield Scan(source.name, column == partition, is_of_now)


def _body(view: str) -> exp.Query:
    created = parse_one(sql.render(SQL_ROOT, f"ddl/views/{view}.sql", dataset=DATASET), read="bigquery")
    assert isinstance(created, exp.Create) and isinstance(created.expression, exp.Query)
    return created.expression


def _columns(query: exp.Query) -> list[str]:
    """Names of a view's columns; those of a star that can be a filter are the partition columns behind it."""
    found = [name for name in query.named_selects if name != "*"]
    stars = any(each.is_star for each in query.selects)
    return found + sorted(set(partition_columns().values()) - set(found)) if stars else found


def _reached(query: exp.Select, column: str, names: Names) -> dict[str, str]:
    """Return which column of which source a condition on a column of the query becomes, by the source's alias."""
    own = _plain(query, column)
    if own is None or query.args.get("limit") or not _is_kept(query, column, own):
        return {}
    joins = query.args.get("joins") or []
    first = query.args["from_"].this.alias_or_name
    source = own.table or (first if not joins else "")
    reached = {source: own.name} if source else {}
    for join in joins:
        if join.side in ("RIGHT", "FULL"):
            return {}
        if join.side == "LEFT":
            reached.pop(join.this.alias_or_name, None)
            continue
        on = join.args.get("on")
        for each in on.flatten() if isinstance(on, exp.And) else [on]:
            if isinstance(each, exp.EQ) and all(isinstance(side, exp.Column) for side in (each.left, each.right)):
                for one, other in ((each.left, each.right), (each.right, each.left)):
                    if reached.get(one.table) == one.name:
                        reached[other.table] = other.name
    return reached


def _plain(query: exp.Select, column: str) -> exp.Column | None:
    """Return the column of a source that a column of the query is, or is the day of."""
    for each in query.selects:
        if each.is_star:
            excluded = [one.name for one in each.find_all(exp.Identifier) if one.parent is not each]
            if column not in excluded and not any(each.alias_or_name == column for each in query.selects):
                table = each.table if isinstance(each, exp.Column) else ""
                return exp.column(column, table=table or None)
        elif each.alias_or_name == column:
            inner = each.unalias()
            if isinstance(inner, exp.Date) and not inner.args.get("zone"):
                inner = inner.this
            while isinstance(inner, exp.TsOrDsToDate):
                inner = inner.this
            return inner if isinstance(inner, exp.Column) else None
    return None


def _is_kept(query: exp.Select, column: str, own: exp.Column) -> bool:
    """Tell whether leaving out rows before groups and windows are made changes nothing for those that stay."""
    group = query.args.get("group")
    if group and not any(isinstance(key, exp.Column) and key.name in (column, own.name) for key in group.expressions):
        return False
    windows = [each for each in query.find_all(exp.Window) if each.parent_select is query]
    return all(any(isinstance(k, exp.Column) and k.name == own.name for k in w.args["partition_by"]) for w in windows)
