"""Parsing CREATE."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.parse_dml import DmlParser
from sandbox.bigquery.sql.typesystem import Type, array_of, struct_of

_UNSUPPORTED_OBJECTS = frozenset(
    "MODEL EXTERNAL SEARCH VECTOR RESERVATION ASSIGNMENT CAPACITY ROW CONNECTION AGGREGATE DATA".split()
)


class DdlParser(DmlParser):
    """Data definition."""

    def parse_block_body(self, *ends: str) -> list[n.Statement]:
        """Statements of a procedure's body; the script parser has it."""
        raise NotImplementedError

    def parse_create(self) -> n.Create:
        """CREATE …."""
        position = self.expect("CREATE").position
        replace = self.accept("OR", "REPLACE")
        temporary = bool(self.accept_any("TEMP", "TEMPORARY"))
        kind = self._object_kind()
        create = n.Create(kind, [], or_replace=replace, temporary=temporary, position=position)
        create.if_not_exists = self.accept("IF", "NOT", "EXISTS")
        create.path = self.table_path()
        if kind == "SCHEMA":
            if self.accept("DEFAULT", "COLLATE"):
                self.string()
            create.options = self._parse_options()
        elif kind in ("VIEW", "MATERIALIZED VIEW"):
            self._parse_view(create)
        elif kind in ("FUNCTION", "TABLE FUNCTION"):
            self._parse_function(create)
        elif kind == "PROCEDURE":
            self._parse_procedure(create)
        else:
            self._parse_table(create)
        return create

    def _object_kind(self) -> str:
        if self.accept("TABLE"):
            return "TABLE FUNCTION" if self.accept("FUNCTION") else "TABLE"
        if self.accept("SNAPSHOT", "TABLE"):
            return "SNAPSHOT TABLE"
        if self.accept("MATERIALIZED", "VIEW"):
            return "MATERIALIZED VIEW"
        word = self.accept_any("SCHEMA", "VIEW", "FUNCTION", "PROCEDURE")
        if word is None and self.token.upper in _UNSUPPORTED_OBJECTS:
            raise not_implemented(f"{self.token.upper} objects")
        if word is None:
            raise self.unexpected()
        return word

    def _parse_table(self, create: n.Create) -> None:
        if self.at("("):
            create.columns = self._parse_columns()
        self._parse_table_source(create)
        self._parse_storage(create)
        if self.accept("AS"):
            create.query, create.query_text = self._parse_query_with_text()

    def _parse_table_source(self, create: n.Create) -> None:
        kind = self.accept_any("LIKE", "COPY", "CLONE")
        if kind:
            create.source_kind, create.source = kind, self.table_path()
            self._parse_system_time_of(create)

    def _parse_system_time_of(self, create: n.Create) -> None:
        if self._parse_system_time() is not None:
            raise not_implemented("CLONE or COPY of a table's past")

    def _parse_query_with_text(self) -> tuple[n.Query, str]:
        start = self.token.start
        query = self.parse_query()
        return query, self.source[start : self.tokens[self.index - 1].end]

    def _parse_storage(self, create: n.Create) -> None:
        if self.accept("DEFAULT", "COLLATE"):
            self.string()
        if self.accept("PARTITION", "BY"):
            create.partition_by = self.parse_expression()
        if self.accept("CLUSTER", "BY"):
            create.cluster_by = [self.identifier()]
            while self.accept(","):
                create.cluster_by.append(self.identifier())
        create.options = self._parse_options()

    def _parse_view(self, create: n.Create) -> None:
        if self.at("("):
            self.expect("(")
            create.column_names = []
            while True:
                create.column_names.append(self.identifier())
                self._parse_options()
                if not self.accept(","):
                    break
            self.expect(")")
        self._parse_storage(create)
        self.expect("AS")
        create.query, create.query_text = self._parse_query_with_text()

    def _parse_function(self, create: n.Create) -> None:
        self.expect("(")
        create.arguments = [] if self.accept(")") else self._parse_arguments_of_routine()
        if self.accept("RETURNS"):
            if self.at("TABLE"):
                self._skip_returned_table()
            else:
                create.returns = self.parse_type()
        if self.at("LANGUAGE") or self.at("DETERMINISTIC") or self.at("NOT", "DETERMINISTIC") or self.at("REMOTE"):
            raise not_implemented("functions in languages other than SQL")
        create.options = self._parse_options()
        self.expect("AS")
        if create.kind == "TABLE FUNCTION":
            enclosed = self.at("(") and self.accept("(")
            create.query, create.query_text = self._parse_query_with_text()
            if enclosed:
                self.expect(")")
            return
        if self.token.kind == "string":
            raise not_implemented("functions in languages other than SQL")
        self.expect("(")
        create.body = self.parse_expression()
        self.expect(")")
        create.options = create.options or self._parse_options()

    def _skip_returned_table(self) -> None:
        self.expect("TABLE")
        self.expect("<")
        while True:
            self.any_name()
            self.parse_type()
            if not self.accept(","):
                break
        self.expect(">")

    def _parse_arguments_of_routine(self) -> list[tuple[str, str, Type | None]]:
        arguments: list[tuple[str, str, Type | None]] = []
        while True:
            mode = "IN"
            if self.at_any("IN", "OUT", "INOUT") and self.peek().kind in ("name", "quoted"):
                mode = self.advance().upper
            name = self.identifier()
            any_type = self.accept("ANY", "TYPE")
            arguments.append((mode, name, None if any_type else self.parse_type()))
            if not self.accept(","):
                break
        self.expect(")")
        return arguments

    def _parse_procedure(self, create: n.Create) -> None:
        self.expect("(")
        create.arguments = [] if self.accept(")") else self._parse_arguments_of_routine()
        create.options = self._parse_options()
        self.expect("BEGIN")
        create.body = self.parse_block_body("END")
        self.expect("END")

    # ---- columns and options

    def _parse_columns(self) -> list[n.ColumnDefinition]:
        columns = []
        self.expect("(")
        while not self.at(")"):
            if not self._skip_constraint():
                columns.append(self._parse_column())
            if not self.accept(","):
                break
        self.expect(")")
        return columns

    def _skip_constraint(self) -> bool:
        """PRIMARY KEY and FOREIGN KEY are never enforced by BigQuery; they are read and forgotten."""
        start = self.index
        if self.accept("CONSTRAINT"):
            self.identifier()
        if self.accept("PRIMARY", "KEY"):
            self.identifier_list()
        elif self.accept("FOREIGN", "KEY"):
            self.identifier_list()
            self._skip_references()
        else:
            self.index = start
            return False
        self.expect("NOT")
        self.expect("ENFORCED")
        return True

    def _skip_references(self) -> None:
        self.expect("REFERENCES")
        self.table_path()
        self.identifier_list()

    def _parse_column(self) -> n.ColumnDefinition:
        position = self.position
        column = n.ColumnDefinition(self.identifier(), Type("STRING"), position=position)
        column.type = self._parse_column_type(column)
        while True:
            if self.accept("NOT", "NULL"):
                column.not_null = True
            elif self.accept("DEFAULT"):
                column.default = self._text_of_expression()
            elif self.at("OPTIONS"):
                column.options = self._parse_options()
            elif self.accept("COLLATE"):
                self.string()
            elif self.accept("PRIMARY", "KEY"):
                self.expect("NOT", "ENFORCED")
            elif self.at("REFERENCES"):
                self._skip_references()
                self.expect("NOT", "ENFORCED")
            else:
                return column

    def _parse_column_type(self, column: n.ColumnDefinition) -> Type:
        """A column's type; inside STRUCT, fields may carry NOT NULL and OPTIONS."""
        if self.at("ARRAY", "<"):
            self.advance()
            self.advance()
            element = self._parse_column_type(column)
            self._close_type()
            return array_of(element)
        if not self.at("STRUCT", "<"):
            return self.parse_type()
        self.advance()
        self.advance()
        fields: list[tuple[str | None, Type]] = []
        while True:
            inner = self._parse_column()
            column.fields[inner.name] = inner
            fields.append((inner.name, inner.type))
            if not self.accept(","):
                break
        self._close_type()
        return struct_of(*fields)

    def _text_of_expression(self) -> str:
        start = self.token.start
        self.parse_expression()
        return self.source[start : self.tokens[self.index - 1].end]

    def _parse_options(self) -> dict[str, n.Node]:
        options: dict[str, n.Node] = {}
        if not self.at("OPTIONS", "("):
            return options
        self.advance()
        self.advance()
        while not self.at(")"):
            name = self.any_name().lower()
            if not self.accept("+="):
                self.expect("=")
            options[name] = self.parse_expression()
            if not self.accept(","):
                break
        self.expect(")")
        return options
