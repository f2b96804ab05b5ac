"""Reading tables: which table a name means, its columns, views, wildcards, INFORMATION_SCHEMA."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sandbox.bigquery.errors import BigQueryError, invalid_query, not_found, not_implemented
from sandbox.bigquery.model import TableMeta, TableRef
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.casts import coerce
from sandbox.bigquery.sql.expression import Column, fail
from sandbox.bigquery.sql.parser import parse_query
from sandbox.bigquery.sql.scopes import CompiledQuery, OutputColumn, Relation, Scan, Scope
from sandbox.bigquery.sql.types import field_type, rest_field
from sandbox.bigquery.sql.typesystem import DATE, STRING, TIMESTAMP, quote, text_literal

if TYPE_CHECKING:
    from sandbox.bigquery.sql.compile_from import FromCompiler, Source

PARTITION_TIME = "_PARTITIONTIME"
_DEEPEST_VIEW = 16
_UNNOTICED_MS = 5_000  # a moment just before the change is taken for the present
_TIME_TRAVEL = timedelta(days=7)


def partition_column(meta: TableMeta) -> str | None:
    """The column a table is partitioned by."""
    if meta.time_partitioning is not None:
        return str(meta.time_partitioning.get("field") or PARTITION_TIME)
    return str(meta.range_partitioning["field"]) if meta.range_partitioning is not None else None


def is_ingestion_partitioned(meta: TableMeta) -> bool:
    """Whether rows belong to the partition of their arrival."""
    return meta.time_partitioning is not None and not meta.time_partitioning.get("field")


class TableReader:
    """Compiles one table of a FROM clause."""

    def __init__(self, compiler: "FromCompiler") -> None:
        self.compiler = compiler
        self.environment = compiler.environment

    def read(self, node: n.TableSource, scope: Scope) -> "Source":
        """A table by its name."""
        path = node.path
        information = self._information_schema(path)
        if information is not None:
            return self.compiler.wrap(information, node.alias or path[-1])
        alias = node.alias or path[-1]
        if len(path) == 1 and path[0].lower() in self.environment.temporary_tables:
            return self._temporary(path[0].lower(), alias)
        if len(path) == 2 and path[0].upper() == "_SESSION":
            return self._temporary(path[1].lower(), alias)
        ref = self.environment.table_ref(path)
        if ref.table.endswith("*"):
            return self._wildcard(ref, alias, node)
        if node.system_time is not None:
            self._check_time_travel(node, ref, scope)
        ref, partition = _undecorated(ref)
        meta = self.get(ref)
        if meta.kind != "TABLE":
            return self._view(meta, alias)
        source = self.physical(meta, alias)
        if partition:
            raise not_implemented("reading one partition by its decorator; filter on the partition column")
        if node.sample_percent is not None:
            percent = self.compiler.expression(node.sample_percent, Scope())
            source.sql = (
                f"(SELECT * FROM {source.sql} TABLESAMPLE bernoulli({percent.literal} PERCENT)) AS {self.last_key}"
            )
        return source

    def get(self, ref: TableRef, *, is_target: bool = False) -> TableMeta:
        """A table's metadata; notes that the statement refers to it."""
        if is_target:
            self.environment.catalog.rights.check_table("bigquery.tables.updateData", ref)
        else:
            self.environment.catalog.rights.check_query(ref)
        meta = self.environment.catalog.find(ref)
        if meta is None:
            self._missing(ref)
        if ref not in self.environment.referenced:
            self.environment.referenced.append(ref)
        return meta

    def _missing(self, ref: TableRef) -> None:
        try:
            self.environment.catalog.get(ref)
        except BigQueryError as missing:
            raise missing from None
        raise not_found("Table", str(ref))

    def physical(self, meta: TableMeta, alias: str | None, key: str | None = None) -> "Source":
        """A stored table."""
        from sandbox.bigquery.sql.compile_from import Source

        key = key or self.compiler.fresh("t")
        self.last_key = key
        scan_id = self.compiler.next_scan_id()
        columns = []
        for field in meta.fields:
            name = field["name"]
            origins = frozenset(((scan_id, name.lower()),))
            columns.append(Column(name, f"{key}.{quote(name)}", field_type(field), origins))
        if is_ingestion_partitioned(meta):
            time = f"{key}.{quote(PARTITION_TIME)}"
            origins = frozenset(((scan_id, PARTITION_TIME.lower()),))
            columns.append(Column(PARTITION_TIME, time, TIMESTAMP, origins, hidden=True))
            date = f"CAST(timezone('UTC', {time}) AS DATE)"
            columns.append(Column("_PARTITIONDATE", date, DATE, origins, hidden=True))
        partition = partition_column(meta)
        if meta.require_partition_filter and partition:
            self.compiler.scans.append(Scan(scan_id, meta.ref, partition.lower()))
        name = self.environment.catalog.physical_name(meta.ref)
        return Source(f"{name} AS {key}", [Relation(alias, columns)])

    def _temporary(self, name: str, alias: str) -> "Source":
        from sandbox.bigquery.sql.compile_from import Source

        table = self.environment.temporary_tables.get(name)
        if table is None:
            raise not_found("Table", f"{self.environment.project}:_SESSION.{name}")
        self.environment.referenced_temporaries.add(name)
        key = self.compiler.fresh("t")
        columns = [Column(column, f"{key}.{quote(column)}", type) for column, type in table.columns]
        return Source(f"{table.physical_name} AS {key}", [Relation(alias, columns)])

    def _view(self, meta: TableMeta, alias: str) -> "Source":
        compiler = self.compiler
        compiler.view_depth += 1
        if compiler.view_depth > _DEEPEST_VIEW:
            raise invalid_query("Exceeded the maximum number of nested views: 16")
        variables, default = self.environment.variables, self.environment.default_dataset
        # A view sees nothing of the query that reads it.
        self.environment.variables, self.environment.default_dataset = {}, None
        try:
            query = compiler.query(parse_query(meta.view_query or ""), Scope())
        finally:
            compiler.view_depth -= 1
            self.environment.variables, self.environment.default_dataset = variables, default
        if len(meta.fields) == len(query.columns):
            query.columns = [
                OutputColumn(field["name"], column.key, column.type, column.origins)
                for field, column in zip(meta.fields, query.columns, strict=True)
            ]
        return compiler.wrap(query, alias)

    # ---- wildcards

    def _wildcard(self, ref: TableRef, alias: str, node: n.TableSource) -> "Source":
        prefix = ref.table[:-1]
        tables = [
            meta
            for meta in self.environment.catalog.list_tables(ref.project, ref.dataset)
            if meta.ref.table.startswith(prefix) and meta.kind == "TABLE"
        ]
        if not tables:
            raise invalid_query(f"{ref} does not match any table.")
        newest = max(tables, key=lambda meta: (meta.created_ms, meta.ref.table))
        key = self.compiler.fresh("t")
        for meta in tables:
            self.get(meta.ref)
        selects = [self._wildcard_part(meta, newest, prefix) for meta in tables]
        columns = [Column(f["name"], f"{key}.{quote(f['name'])}", field_type(f)) for f in newest.fields]
        columns.append(Column("_TABLE_SUFFIX", f"{key}._table_suffix", STRING, hidden=True))
        from sandbox.bigquery.sql.compile_from import Source

        return Source(f"({' UNION ALL '.join(selects)}) AS {key}", [Relation(node.alias or alias, columns)])

    def _wildcard_part(self, meta: TableMeta, newest: TableMeta, prefix: str) -> str:
        have = {field["name"].lower(): field for field in meta.fields}
        items = []
        for field in newest.fields:
            wanted, mine = field_type(field), have.get(field["name"].lower())
            if mine is None:
                items.append(f"CAST(NULL AS {wanted.duckdb}) AS {quote(field['name'])}")
                continue
            from sandbox.bigquery.sql.expression import Expression

            value = Expression(quote(mine["name"]), field_type(mine), constant=False)
            try:
                value = coerce(value, wanted)
            except BigQueryError:
                raise invalid_query(
                    f"Cannot read field of type {value.type} as {wanted} Field: {field['name']}"
                ) from None
            items.append(f"{value.sql} AS {quote(field['name'])}")
        suffix = text_literal(meta.ref.table[len(prefix) :])
        name = self.environment.catalog.physical_name(meta.ref)
        return f"SELECT {', '.join([*items, f'{suffix} AS _table_suffix'])} FROM {name}"

    # ---- metadata and the past

    def _information_schema(self, path: list[str]) -> CompiledQuery | None:
        upper = [part.upper() for part in path]
        if "INFORMATION_SCHEMA" not in upper:
            return None
        place = upper.index("INFORMATION_SCHEMA")
        if place != len(path) - 2:
            raise invalid_query(f"Invalid INFORMATION_SCHEMA reference: {'.'.join(path)}")
        before = path[:place]
        region = [part for part in before if part.lower().startswith("region-")]
        names = [part for part in before if part not in region]
        project, dataset = self.environment.project, None
        if region:
            project = names[0] if names else project
        elif len(names) == 2:
            project, dataset = names
        elif names:
            dataset = names[0]
        elif self.environment.default_dataset is not None:
            project, dataset = self.environment.default_dataset
        text = self.environment.catalog.information_schema(upper[-1], project, dataset)
        return self._described(text)

    def _described(self, text: str) -> CompiledQuery:
        """DuckDB text whose columns DuckDB tells."""
        cursor = self.environment.cursor
        cursor.execute(f"SELECT * FROM ({text}) LIMIT 0")
        columns = []
        for name, type, *_ in cursor.description:
            columns.append(OutputColumn(name, quote(name), field_type(rest_field(name, type))))
        return CompiledQuery(text, columns)

    def _check_time_travel(self, node: n.TableSource, ref: TableRef, scope: Scope) -> None:
        """The stand-in keeps no history: only a moment since which the table did not change can be read."""
        assert node.system_time is not None
        moment = self.compiler.expression(node.system_time, Scope(parent=scope))
        moment = self.compiler.required(moment, TIMESTAMP, "FOR SYSTEM_TIME AS OF must be a TIMESTAMP", node.position)
        if not moment.constant:
            fail("FOR SYSTEM_TIME AS OF expression must be a constant", node.position)
        binds = {key: value for key, value in self.environment.binds.items() if f"${key}" in moment.sql}
        row = self.environment.cursor.execute(f"SELECT {moment.sql}", binds).fetchone()
        when = row[0] if row else None
        if when is None or when > datetime.now(UTC) + timedelta(seconds=1):
            raise invalid_query(f"Invalid time travel timestamp for table {ref}: it is in the future or NULL")
        if when < datetime.now(UTC) - _TIME_TRAVEL:
            raise invalid_query(f"Invalid snapshot time for table {ref}: it is more than seven days ago")
        meta = self.get(ref)
        if meta.created_ms and when.timestamp() * 1000 < meta.created_ms - 60_000:
            raise invalid_query(f"Invalid snapshot time {when} for table {ref}. Cannot read before the table existed")
        if when.timestamp() * 1000 < meta.modified_ms - _UNNOTICED_MS:
            raise not_implemented("reading a table as it was before its last change")


def _undecorated(ref: TableRef) -> tuple[TableRef, str | None]:
    table, _, partition = ref.table.partition("$")
    return TableRef(ref.project, ref.dataset, table), partition or None
