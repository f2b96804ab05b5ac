"""Parsing CREATE, DROP and ALTER."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.parse_dml import DmlParser
from sandbox.bigquery.sql.typesystem import Type, array_of, struct_of

_UNSUPPORTED_OBJECTS = frozenset(
    """MODEL EXTERNAL SEARCH VECTOR RESERVATION ASSIGNMENT CAPACITY ROW CONNECTION AGGREGATE DATA SCHEMA SNAPSHOT
    MATERIALIZED FUNCTION PROCEDURE""".split()
)
_UNSUPPORTED_CLAUSES = ("LIKE", "COPY", "CLONE", "DEFAULT")


class DdlParser(DmlParser):
    """Data definition."""

    def parse_create(self) -> n.Create:
        """CREATE …."""
        position = self.expect("CREATE").position
        replace = self.accept("OR", "REPLACE")
        temporary = bool(self.accept_any("TEMP", "TEMPORARY"))
        create = n.Create(self._object_kind(), [], or_replace=replace, temporary=temporary, position=position)
        create.if_not_exists = self.accept("IF", "NOT", "EXISTS")
        create.path = self.table_path()
        if self.at("("):
            if create.kind == "VIEW":
                raise not_implemented("CREATE VIEW with names of columns")
            create.columns = self._parse_columns()
        if self.at_any(*_UNSUPPORTED_CLAUSES):
            raise not_implemented(f"CREATE {create.kind} … {self.token.upper}")
        self._parse_storage(create)
        if create.kind == "VIEW":
            self.expect("AS")
            create.query, create.query_text = self._parse_query_with_text()
        elif self.accept("AS"):
            create.query, create.query_text = self._parse_query_with_text()
        return create

    def _object_kind(self) -> str:
        if self.token.upper in _UNSUPPORTED_OBJECTS or self.at("TABLE", "FUNCTION"):
            raise not_implemented(f"{self.token.upper} objects")
        word = self.accept_any("TABLE", "VIEW")
        if word is None:
            raise self.unexpected()
        return word

    def _parse_query_with_text(self) -> tuple[n.Query, str]:
        start = self.token.start
        query = self.parse_query()
        return query, self.source[start : self.tokens[self.index - 1].end]

    def _parse_storage(self, create: n.Create) -> None:
        if self.accept("PARTITION", "BY"):
            create.partition_by = self.parse_expression()
        if self.accept("CLUSTER", "BY"):
            create.cluster_by = [self.identifier()]
            while self.accept(","):
                create.cluster_by.append(self.identifier())
        create.options = self._parse_options()

    # ---- DROP and ALTER

    def parse_drop(self) -> n.Drop:
        """DROP …."""
        position = self.expect("DROP").position
        kind = self._object_kind()
        exists = self.accept("IF", "EXISTS")
        return n.Drop(kind, self.table_path(), exists, position=position)

    def parse_alter(self) -> n.Alter:
        """ALTER TABLE …."""
        position = self.expect("ALTER").position
        if self._object_kind() != "TABLE":
            raise not_implemented("ALTER VIEW")
        alter = n.Alter(self.table_path(), position=position)
        while True:
            if self.accept("ADD", "COLUMN"):
                exists = self.accept("IF", "NOT", "EXISTS")
                alter.added.append((self._parse_column(), exists))
            elif self.accept("DROP", "COLUMN"):
                alter.dropped.append(self.identifier())
            else:
                raise not_implemented("ALTER TABLE with anything but ADD COLUMN and DROP COLUMN")
            if not self.accept(","):
                return alter

    # ---- columns and options

    def _parse_columns(self) -> list[n.ColumnDefinition]:
        columns = []
        self.expect("(")
        while not self.at(")"):
            columns.append(self._parse_column())
            if not self.accept(","):
                break
        self.expect(")")
        return columns

    def _parse_column(self) -> n.ColumnDefinition:
        position = self.position
        column = n.ColumnDefinition(self.identifier(), Type("STRING"), position=position)
        column.type = self._parse_column_type(column)
        while True:
            if self.accept("NOT", "NULL"):
                column.not_null = True
            elif self.at("OPTIONS"):
                column.options = self._parse_options()
            elif self.at_any("DEFAULT", "COLLATE", "PRIMARY", "REFERENCES"):
                raise not_implemented(f"columns with {self.token.upper}")
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

    def _parse_options(self) -> dict[str, n.Node]:
        options: dict[str, n.Node] = {}
        if not self.at("OPTIONS", "("):
            return options
        self.advance()
        self.advance()
        while not self.at(")"):
            name = self.any_name().lower()
            self.expect("=")
            options[name] = self.parse_expression()
            if not self.accept(","):
                break
        self.expect(")")
        return options
