"""CREATE and DROP of schemas, tables, views and routines."""

import copy
import itertools
from collections.abc import Callable

from sandbox.bigquery.errors import already_exists, invalid_query, not_implemented
from sandbox.bigquery.model import StatementResult, TableMeta, TableRef
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.compile_query import Compiler
from sandbox.bigquery.sql.ddl_options import apply_options, apply_partitioning, column_field, labels, option_values
from sandbox.bigquery.sql.dml import Writer
from sandbox.bigquery.sql.environment import TemporaryTable
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.expression import Expression
from sandbox.bigquery.sql.queries import compile_query, fields_of, result_names
from sandbox.bigquery.sql.routines import Routines
from sandbox.bigquery.sql.scopes import CompiledQuery, Scope
from sandbox.bigquery.sql.tables import PARTITION_TIME, TableReader, is_ingestion_partitioned
from sandbox.bigquery.sql.types import field_type
from sandbox.bigquery.sql.typesystem import Type, quote

_MILLISECONDS_PER_DAY = 86_400_000


class DefinitionRunner:
    """Carries out data definition statements."""

    def __init__(self, execution: Execution, routines: Routines) -> None:
        self.execution = execution
        self.environment = execution.environment
        self.catalog = execution.environment.catalog
        self.routines = routines
        self._numbers = itertools.count(1)

    def create(self, node: n.Create) -> StatementResult:
        """CREATE."""
        actions: dict[str, Callable[[n.Create], StatementResult]] = {
            "SCHEMA": self._create_schema,
            "TABLE": self._create_table,
            "VIEW": self._create_view,
            "MATERIALIZED VIEW": self._create_view,
            "FUNCTION": self._create_routine,
            "TABLE FUNCTION": self._create_routine,
            "PROCEDURE": self._create_routine,
        }
        action = actions.get(node.kind)
        if action is None:
            raise not_implemented(f"CREATE {node.kind}")
        if node.or_replace and node.if_not_exists:
            raise invalid_query("CREATE cannot have both OR REPLACE and IF NOT EXISTS")
        return action(node)

    def _result(self, node: n.Statement, kind: str, target: TableRef | None, operation: str) -> StatementResult:
        return StatementResult(
            node.text,
            kind,
            ddl_target=target,
            ddl_operation=operation,
            referenced=[ref for ref in self.environment.referenced if ref != target],
        )

    # ---- schemas

    def _dataset(self, path: list[str]) -> tuple[str, str]:
        if len(path) == 1:
            return self.environment.project, path[0]
        if len(path) == 2:
            return path[0], path[1]
        raise invalid_query(f"Invalid dataset name: {'.'.join(path)}")

    def _create_schema(self, node: n.Create) -> StatementResult:
        project, dataset = self._dataset(node.path)
        given = option_values(self.execution, node.options)
        if node.or_replace and self.catalog.has_dataset(project, dataset):
            raise invalid_query("CREATE OR REPLACE SCHEMA is not supported")
        days = given.get("default_table_expiration_days")
        operation = self.catalog.create_dataset(
            project,
            dataset,
            description=given.get("description"),
            labels=labels(given["labels"]) if given.get("labels") else None,
            location=given.get("location"),
            default_table_expiration_ms=None if days is None else int(float(days) * _MILLISECONDS_PER_DAY),
            if_not_exists=node.if_not_exists,
            cursor=self.execution.cursor,
        )
        return self._result(node, "CREATE_SCHEMA", TableRef(project, dataset, ""), operation or "CREATE")

    # ---- tables

    def _create_table(self, node: n.Create) -> StatementResult:
        if node.temporary or node.path[0].upper() == "_SESSION":
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
            operation = self.catalog.create_table(
                meta, or_replace=node.or_replace, if_not_exists=node.if_not_exists, cursor=self.execution.cursor
            )
            if source is not None:
                columns = ", ".join(quote(field["name"]) for field in meta.fields)
                self.execution.execute(f"INSERT INTO {self.catalog.physical_name(ref)} ({columns}) {source}")
                self.execution.execute("DROP TABLE IF EXISTS _bq_filling")
            return str(operation or "CREATE")

        return self._result(node, kind, ref, self.execution.write(ref, work))

    def table_meta(self, node: n.Create, ref: TableRef) -> tuple[TableMeta, str | None]:
        """The metadata of a table to be created, and the SELECT that fills it."""
        meta = TableMeta(ref)
        filling: str | None = None
        if node.source is not None:
            meta, filling = self._like(node, ref)
        if node.columns is not None:
            meta.fields = [column_field(self.execution, column) for column in node.columns]
            self._check_defaults(meta)
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

    def _check_defaults(self, meta: TableMeta) -> None:
        from sandbox.bigquery.sql.casts import can_coerce
        from sandbox.bigquery.sql.parser import parse_expression

        for field in meta.fields:
            text = field.get("defaultValueExpression")
            if text is not None:
                value = Compiler(self.environment).expression(parse_expression(text), Scope())
                if not can_coerce(value, field_type(field)):
                    raise invalid_query(
                        f"Invalid default value expression for column {field['name']}: "
                        f"{value.type} is not {field_type(field)}"
                    )

    def _like(self, node: n.Create, ref: TableRef) -> tuple[TableMeta, str | None]:
        assert node.source is not None
        original = TableReader(Compiler(self.environment)).get(self.environment.table_ref(node.source))
        if original.kind != "TABLE":
            raise invalid_query(f"{original.ref} is not a table")
        meta = copy.deepcopy(original)
        meta.ref, meta.expiration_ms = ref, None
        if node.source_kind == "LIKE":
            return meta, None
        name = self.catalog.physical_name(original.ref)
        columns = ", ".join(quote(field["name"]) for field in original.fields)
        if is_ingestion_partitioned(original):
            raise not_implemented(f"{node.source_kind} of a table partitioned by ingestion time ({PARTITION_TIME})")
        return meta, f"SELECT {columns} FROM {name}"

    def _filling(self, meta: TableMeta, query: CompiledQuery) -> str:
        types = [field_type(field) for field in meta.fields]
        if len(types) != len(query.columns):
            raise invalid_query(
                "The number of columns in the column definition list does not match the query: "
                f"{len(types)} and {len(query.columns)}"
            )
        items = []
        for column, type in zip(query.columns, types, strict=True):
            items.append(self._converted(column.key, column.type, column.literal, type))
        return f"SELECT {', '.join(items)} FROM ({query.sql}) AS _u"

    @staticmethod
    def _converted(key: str, source: Type, literal: Expression | None, type: Type) -> str:
        from sandbox.bigquery.sql.casts import can_coerce, cast, coerce

        value = Expression(f"_u.{key}", source, constant=False)
        if literal is not None and literal.is_null:
            return Writer.kept(f"CAST(NULL AS {type.duckdb})", type)
        if can_coerce(value, type):
            return Writer.kept(coerce(value, type).sql, type)
        if literal is not None and can_coerce(literal, type):
            return Writer.kept(cast(value, type).sql, type)
        raise invalid_query(f"Column of type {source} cannot be stored in a column of type {type}")

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

    # ---- views and routines

    def _create_view(self, node: n.Create) -> StatementResult:
        ref = self.environment.table_ref(node.path)
        kind = "CREATE_" + node.kind.replace(" ", "_")
        exists = self.catalog.find(ref) is not None
        if exists and node.if_not_exists:
            return self._result(node, kind, ref, "SKIP")
        meta = self.view_meta(node, ref)

        def work() -> str:
            return (
                self.catalog.create_table(
                    meta, or_replace=node.or_replace, if_not_exists=node.if_not_exists, cursor=self.execution.cursor
                )
                or "CREATE"
            )

        return self._result(node, kind, ref, self.execution.write(ref, work))

    def view_meta(self, node: n.Create, ref: TableRef) -> TableMeta:
        """The metadata of a view."""
        assert node.query is not None
        compiler = Compiler(self.environment)
        query = compiler.query(node.query, Scope())
        if self.environment.binds.keys() - {"now"}:
            raise invalid_query("Query parameters and variables cannot be used in a view's query")
        names = result_names(query)
        if node.column_names is not None:
            if len(node.column_names) != len(names):
                raise invalid_query(
                    f"View {ref} has {len(node.column_names)} column names but its query has {len(names)} columns"
                )
            query.columns = [
                type(column)(name, column.key, column.type)
                for name, column in zip(node.column_names, query.columns, strict=True)
            ]
        kind = node.kind.replace(" ", "_")
        meta = TableMeta(ref, kind=kind, fields=fields_of(query), view_query=node.query_text)
        if kind == "MATERIALIZED_VIEW":
            apply_partitioning(meta, node.partition_by)
            meta.clustering = node.cluster_by or None
        apply_options(self.execution, meta, node.options)
        return meta

    def _create_routine(self, node: n.Create) -> StatementResult:
        if node.kind == "FUNCTION":
            self._check_function(node)
        operation = self.routines.create(node)
        return self._result(node, "CREATE_" + node.kind.replace("TABLE FUNCTION", "TABLE_FUNCTION"), None, operation)

    def _check_function(self, node: n.Create) -> None:
        """A function's body must make sense; with ANY TYPE that shows only when it is called."""
        if any(type is None for _, _, type in node.arguments):
            return
        arguments = {name.lower(): Expression("NULL", type, constant=False) for _, name, type in node.arguments if type}
        compiler = Compiler(self.environment)
        variables, self.environment.variables = self.environment.variables, {}
        try:
            body = compiler.expression(node.body, Scope(arguments=arguments))
        finally:
            self.environment.variables = variables
        if node.returns is not None:
            message = f"Function body of type {body.type} cannot be coerced to {node.returns}"
            compiler.required(body, node.returns, message, node.position)

    # ---- DROP

    def drop(self, node: n.Drop) -> StatementResult:
        """DROP."""
        kind = "DROP_" + node.kind.replace(" ", "_")
        if node.kind == "SCHEMA":
            project, dataset = self._dataset(node.path)
            self.catalog.drop_dataset(
                project, dataset, cascade=node.cascade, if_exists=node.if_exists, cursor=self.execution.cursor
            )
            return self._result(node, kind, TableRef(project, dataset, ""), "DROP")
        if node.kind in ("FUNCTION", "TABLE FUNCTION", "PROCEDURE"):
            self.routines.drop(node)
            return self._result(node, kind, None, "DROP")
        name = node.path[-1].lower()
        if name in self.environment.temporary_tables and (len(node.path) == 1 or node.path[0].upper() == "_SESSION"):
            self.execution.execute(f"DROP TABLE {self.environment.temporary_tables.pop(name).physical_name}", {})
            return self._result(node, kind, None, "DROP")
        ref = self.environment.table_ref(node.path)
        meta = self.catalog.find(ref)
        wanted = {"VIEW": "VIEW", "MATERIALIZED VIEW": "MATERIALIZED_VIEW"}.get(node.kind, "TABLE")
        if meta is not None and meta.kind != wanted:
            shown = meta.kind.replace("_", " ")
            raise invalid_query(f"{ref} is not allowed for this operation because it is currently a {shown}.")
        if meta is None and node.if_exists:
            return self._result(node, kind, ref, "SKIP")
        self.execution.write(
            ref, lambda: self.catalog.drop_table(ref, if_exists=node.if_exists, cursor=self.execution.cursor)
        )
        return self._result(node, kind, ref, "DROP")
