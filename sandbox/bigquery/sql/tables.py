"""Reading tables: which table a name means, its columns, and views."""

from sandbox.bigquery.errors import invalid_query, not_implemented
from sandbox.bigquery.model import TableMeta
from sandbox.bigquery.partitions import partition_column
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.compiler_base import CompilerBase
from sandbox.bigquery.sql.expression import Column
from sandbox.bigquery.sql.parser import parse_query
from sandbox.bigquery.sql.scopes import OutputColumn, Relation, Scan, Scope, Source
from sandbox.bigquery.sql.type_mapping import field_type
from sandbox.bigquery.sql.typesystem import quote

_DEEPEST_VIEW = 16


class TableReader:
    """Compiles one table of a FROM clause."""

    def __init__(self, compiler: CompilerBase) -> None:
        self.compiler = compiler
        self.environment = compiler.environment

    def read(self, node: n.TableSource) -> Source:
        """A table by its name."""
        path = node.path
        if any(part.upper() == "INFORMATION_SCHEMA" for part in path):
            raise not_implemented("INFORMATION_SCHEMA")
        alias = node.alias or path[-1]
        if len(path) == 1 and path[0].lower() in self.environment.temporary_tables:
            return self._temporary(path[0].lower(), alias)
        ref = self.environment.table_ref(path)
        if ref.table.endswith("*"):
            raise not_implemented("wildcard tables")
        if "$" in ref.table:
            raise not_implemented("reading one partition by its decorator; filter on the partition column")
        meta = self.environment.read(ref)
        return self.physical(meta, alias) if meta.kind == "TABLE" else self._view(meta, alias)

    def physical(self, meta: TableMeta, alias: str | None, key: str | None = None) -> Source:
        """A stored table."""
        key = key or self.compiler.fresh("t")
        scan_id = self.compiler.next_scan_id()
        columns = []
        for field in meta.fields:
            name = field["name"]
            origins = frozenset(((scan_id, name.lower()),))
            columns.append(Column(name, f"{key}.{quote(name)}", field_type(field), origins))
        partition = partition_column(meta)
        if meta.require_partition_filter and partition:
            self.compiler.scans.append(Scan(scan_id, meta.ref, partition.lower()))
        name = self.environment.catalog.physical_name(meta.ref)
        return Source(f"{name} AS {key}", [Relation(alias, columns)])

    def _temporary(self, name: str, alias: str) -> Source:
        table = self.environment.temporary(name)
        key = self.compiler.fresh("t")
        columns = [Column(column, f"{key}.{quote(column)}", type) for column, type in table.columns]
        return Source(f"{table.physical_name} AS {key}", [Relation(alias, columns)])

    def _view(self, meta: TableMeta, alias: str) -> Source:
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
