"""Parsing ALTER and DROP."""

from typing import Any

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import Position
from sandbox.bigquery.sql.parse_ddl import DdlParser


class AlterParser(DdlParser):
    """Changes of what exists."""

    def parse_drop(self) -> n.Drop:
        """DROP …."""
        position = self.expect("DROP").position
        kind = self._object_kind()
        exists = self.accept("IF", "EXISTS")
        drop = n.Drop(kind, self.table_path(), exists, position=position)
        drop.cascade = self.accept_any("CASCADE", "RESTRICT") == "CASCADE"
        return drop

    def parse_alter(self) -> n.Alter:
        """ALTER …."""
        position = self.expect("ALTER").position
        kind = self._object_kind()
        exists = self.accept("IF", "EXISTS")
        alter = n.Alter(kind, self.table_path(), exists, [], position=position)
        while True:
            action = self._parse_alter_action()
            if action is not None:
                alter.actions.append(action)
            if not self.accept(","):
                return alter

    def _parse_alter_action(self) -> n.AlterAction | None:
        position = self.position

        def action(kind: str, **parts: Any) -> n.AlterAction:
            return n.AlterAction(kind, parts, position=position)

        if self.at("SET", "OPTIONS"):
            self.advance()
            return action("SET_OPTIONS", options=self._parse_options())
        if self.accept("SET", "DEFAULT", "COLLATE"):
            self.string()
            return None
        if self.accept("ADD", "COLUMN"):
            exists = self.accept("IF", "NOT", "EXISTS")
            return action("ADD_COLUMN", column=self._parse_column(), if_not_exists=exists)
        if self.accept("ADD"):
            if not self._skip_constraint():
                raise self.unexpected()
            return None
        if self.accept("DROP", "COLUMN"):
            exists = self.accept("IF", "EXISTS")
            return action("DROP_COLUMN", name=self.identifier(), if_exists=exists)
        if self.accept("DROP", "PRIMARY", "KEY") or self.accept("DROP", "CONSTRAINT"):
            self.accept("IF", "EXISTS")
            if self.at_identifier():
                self.identifier()
            return None
        if self.accept("RENAME", "COLUMN"):
            exists = self.accept("IF", "EXISTS")
            name = self.identifier()
            self.expect("TO")
            return action("RENAME_COLUMN", name=name, to=self.identifier(), if_exists=exists)
        if self.accept("RENAME", "TO"):
            return action("RENAME_TO", name=self.identifier())
        if self.accept("ALTER", "COLUMN"):
            return self._parse_alter_column(position)
        raise self.unexpected()

    def _parse_alter_column(self, position: Position) -> n.AlterAction:
        exists = self.accept("IF", "EXISTS")
        parts: dict[str, Any] = {"name": self.identifier(), "if_exists": exists}
        if self.accept("SET", "DEFAULT"):
            return n.AlterAction("SET_DEFAULT", {**parts, "default": self._text_of_expression()}, position=position)
        if self.accept("DROP", "DEFAULT"):
            return n.AlterAction("DROP_DEFAULT", parts, position=position)
        if self.accept("DROP", "NOT", "NULL"):
            return n.AlterAction("DROP_NOT_NULL", parts, position=position)
        if self.accept("SET", "DATA", "TYPE"):
            return n.AlterAction("SET_TYPE", {**parts, "type": self.parse_type()}, position=position)
        if self.at("SET", "OPTIONS"):
            self.advance()
            return n.AlterAction("SET_COLUMN_OPTIONS", {**parts, "options": self._parse_options()}, position=position)
        raise self.unexpected()
