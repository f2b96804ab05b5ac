"""CREATE and DROP of tables and views."""

import itertools

from sandbox.bigquery.errors import already_exists, invalid_query
from sandbox.bigquery.model import StatementResult, TableMeta, TableRef
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.compile_query import Compiler
from sandbox.bigquery.sql.ddl_options import apply_options, apply_partitioning, column_field
from sandbox.bigquery.sql.dml_insert import stored_column
from sandbox.bigquery.sql.environment import TemporaryTable
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.queries import compile_query, fields_of
from sandbox.bigquery.sql.scopes import CompiledQuery, Scope
from sandbox.bigquery.sql.type_mapping import field_type
from sandbox.bigquery.sql.typesystem import quote


class DefinitionRunner:
    """Carries out data definition statements."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        self.environment = execution.environment
        self.catalog = execution.environment.catalog
        self._numbers = itertools.count(1)

    def create(self, node: n.Create) -> StatementResult:
        """CREATE."""
        if node.or_replace and node.if_not_exists:
            raise invalid_query("CREATE cannot have both OR REPLACE and IF NOT EXISTS")
        return self._create_view(node) if node.kind == "VIEW" else self._create_table(node)

    def _result(self, node: n.Statement, kind: str, target: TableRef | None, operation: str) -> StatementResult:
        return StatementResult(
            node.text,
            kind,
            ddl_target=target,
            ddl_operation=operation,
            referenced=[ref for ref in self.environment.referenced if ref != target],
        )

    # ---- tables

    def _create_table(self, node: n.Create) -> StatementResult:
        if node.temporary:
            return self._create_temporary(node)
        ref = self.environment.table_ref(node.path)
        kind = "CREATE_TABLE_AS_SELECT" if node.query is not None else "CREATE_TABLE"
        self.catalog.rights.check_dataset("bigquery.tables.create", ref.project, ref.dataset)
        exists = self.catalog.find(ref) is not None
        if exists and node.if_not_exists:
            return self._result(node, kind, ref, "SKIP")
        if exists and not node.or_replace:
            raise already_exists("Table", str(ref))
        meta, filling = self.table_meta(node, ref)
        if filling is not None:
            self.execution.charge(filling)

        def work() -> str:
            source = filling
            if source is not None and exists:
                # The new table may be made of the one it replaces.
                self.execution.execute(f"CREATE OR REPLACE TEMP TABLE _bq_filling AS {source}")
                source = "SELECT * FROM _bq_filling"
            operation = self.catalog.create_table(meta, or_replace=node.or_replace, if_not_exists=node.if_not_exists)
            if source is not None:
                columns = ", ".join(quote(field["name"]) for field in meta.fields)
                self.execution.execute(f"INSERT INTO {self.catalog.physical_name(ref)} ({columns}) {source}")
                self.execution.execute("DROP TABLE IF EXISTS _bq_filling")
            return str(operation)

        return self._result(node, kind, ref, self.execution.write(ref, work))

    def table_meta(self, node: n.Create, ref: TableRef) -> tuple[TableMeta, str | None]:
        """The metadata of a table to be created, and the SELECT that fills it."""
        meta = TableMeta(ref)
        filling: str | None = None
        if node.columns is not None:
            meta.fields = [column_field(self.execution, column) for column in node.columns]
        if node.query is not None:
            query = compile_query(self.environment, node.query)
            if node.columns is None:
                meta.fields = fields_of(query)
            filling = self._filling(meta, query)
        apply_partitioning(meta, node.partition_by)
        if node.cluster_by:
            meta.clustering = self._clustering(meta, node)
        apply_options(self.execution, meta, node.options)
        names = [field["name"].lower() for field in meta.fields]
        for name in names:
            if names.count(name) > 1:
                raise invalid_query(f"Duplicate column name {name} in CREATE TABLE")
        return meta, filling

    def _clustering(self, meta: TableMeta, node: n.Create) -> list[str]:
        known = {field["name"].lower(): field["name"] for field in meta.fields}
        for name in node.cluster_by:
            if name.lower() not in known:
                raise invalid_query(f"The field specified for clustering cannot be found in the schema: {name}")
        return [known[name.lower()] for name in node.cluster_by]

    def _filling(self, meta: TableMeta, query: CompiledQuery) -> str:
        types = [field_type(field) for field in meta.fields]
        if len(types) != len(query.columns):
            raise invalid_query(
                "The number of columns in the column definition list does not match the query: "
                f"{len(types)} and {len(query.columns)}"
            )
        items = []
        for column, type in zip(query.columns, types, strict=True):
            item = stored_column(column, type)
            if item is None:
                raise invalid_query(f"Column of type {column.type} cannot be stored in a column of type {type}")
            items.append(item)
        return f"SELECT {', '.join(items)} FROM ({query.sql}) AS _u"

    def _create_temporary(self, node: n.Create) -> StatementResult:
        name = node.path[-1].lower()
        if name in self.environment.temporary_tables:
            if node.if_not_exists:
                return self._result(node, "CREATE_TABLE", None, "SKIP")
            if not node.or_replace:
                raise already_exists("Table", f"{self.environment.project}:_SESSION.{node.path[-1]}")
        ref = TableRef(self.environment.project, "_SESSION", node.path[-1])
        meta, filling = self.table_meta(node, ref)
        types = [(field["name"], field_type(field)) for field in meta.fields]
        if filling is not None:
            self.execution.charge(filling)
        replaced = self.environment.temporary_tables.get(name)
        # Beside the one that it replaces, of which it may be made.
        local = quote(f"_session_{name}_{next(self._numbers)}")
        physical = f"temp.main.{local}"
        columns = ", ".join(f"{quote(column)} {type.duckdb}" for column, type in types)
        self.execution.execute(f"CREATE OR REPLACE TEMP TABLE {local} ({columns})", {})
        if filling is not None:
            self.execution.execute(f"INSERT INTO {physical} {filling}")
        if replaced is not None:
            self.execution.execute(f"DROP TABLE {replaced.physical_name}", {})
        self.environment.temporary_tables[name] = TemporaryTable(physical, types)
        kind = "CREATE_TABLE_AS_SELECT" if node.query is not None else "CREATE_TABLE"
        return self._result(node, kind, None, "CREATE")

    # ---- views

    def _create_view(self, node: n.Create) -> StatementResult:
        ref = self.environment.table_ref(node.path)
        if self.catalog.find(ref) is not None and node.if_not_exists:
            return self._result(node, "CREATE_VIEW", ref, "SKIP")
        meta = self.view_meta(node, ref)

        def work() -> str:
            return str(self.catalog.create_table(meta, or_replace=node.or_replace))

        return self._result(node, "CREATE_VIEW", ref, self.execution.write(ref, work))

    def view_meta(self, node: n.Create, ref: TableRef) -> TableMeta:
        """The metadata of a view."""
        assert node.query is not None
        query = Compiler(self.environment).query(node.query, Scope())
        if self.environment.binds.keys() - {"now"}:
            raise invalid_query("Query parameters and variables cannot be used in a view's query")
        meta = TableMeta(ref, kind="VIEW", fields=fields_of(query), view_query=node.query_text)
        apply_options(self.execution, meta, node.options)
        return meta

    # ---- DROP

    def drop(self, node: n.Drop) -> StatementResult:
        """DROP."""
        kind = f"DROP_{node.kind}"
        name = node.path[-1].lower()
        if name in self.environment.temporary_tables and len(node.path) == 1:
            self.execution.execute(f"DROP TABLE {self.environment.temporary_tables.pop(name).physical_name}", {})
            return self._result(node, kind, None, "DROP")
        ref = self.environment.table_ref(node.path)
        meta = self.catalog.find(ref)
        if meta is not None and meta.kind != node.kind:
            raise invalid_query(f"{ref} is not allowed for this operation because it is currently a {meta.kind}.")
        if meta is None and node.if_exists:
            return self._result(node, kind, ref, "SKIP")
        self.execution.write(ref, lambda: self.catalog.drop_table(ref))
        return self._result(node, kind, ref, "DROP")
