"""Parsing INSERT, UPDATE, DELETE, TRUNCATE and MERGE."""

from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.lexer import syntax_error
from sandbox.bigquery.sql.parse_queries import QueryParser


class DmlParser(QueryParser):
    """Data manipulation."""

    def parse_insert(self) -> n.Insert:
        """INSERT [INTO] table [(columns)] VALUES … | query."""
        position = self.expect("INSERT").position
        self.accept("INTO")
        path = self.table_path()
        columns: list[str] = []
        if self.at("(") and self.peek().upper not in ("SELECT", "WITH", "FROM", "("):
            columns = self.identifier_list()
        insert = n.Insert(path, columns, position=position)
        if self.accept("VALUES"):
            insert.rows = [self._parse_row()]
            while self.accept(","):
                insert.rows.append(self._parse_row())
        elif self.at_any("SELECT", "WITH", "FROM", "("):
            insert.query = self.parse_query()
        else:
            raise self.unexpected("keyword VALUES")
        return insert

    def _parse_row(self) -> list[n.Node]:
        self.expect("(")
        return self.expression_list(")")

    def _parse_assignments(self) -> list[tuple[list[str], n.Node]]:
        assignments = []
        while True:
            path = [self.identifier()]
            while self.accept("."):
                path.append(self.any_name())
            self.expect("=")
            assignments.append((path, self.parse_expression()))
            if not self.accept(","):
                return assignments

    def parse_update(self) -> n.Update:
        """UPDATE table [alias] SET … [FROM …] WHERE …."""
        position = self.expect("UPDATE").position
        path = self.table_path()
        alias = self.parse_alias()
        self.expect("SET")
        assignments = self._parse_assignments()
        if self.at("FROM"):
            raise not_implemented("UPDATE … FROM")
        if not self.at("WHERE"):
            raise syntax_error("UPDATE must have a WHERE clause", position)
        self.advance()
        return n.Update(path, alias, assignments, self.parse_expression(), position=position)

    def parse_delete(self) -> n.Delete:
        """DELETE [FROM] table [alias] WHERE …."""
        position = self.expect("DELETE").position
        self.accept("FROM")
        path = self.table_path()
        alias = self.parse_alias()
        if not self.at("WHERE"):
            raise syntax_error("DELETE must have a WHERE clause", position)
        self.advance()
        return n.Delete(path, alias, self.parse_expression(), position=position)

    def parse_truncate(self) -> n.Truncate:
        """TRUNCATE TABLE table."""
        position = self.expect("TRUNCATE", "TABLE").position
        return n.Truncate(self.table_path(), position=position)

    def parse_merge(self) -> n.Merge:
        """MERGE [INTO] table [alias] USING source ON condition WHEN …."""
        position = self.expect("MERGE").position
        self.accept("INTO")
        path = self.table_path()
        alias = self.parse_alias()
        self.expect("USING")
        source = self._parse_table_primary()
        self.expect("ON")
        condition = self.parse_expression()
        merge = n.Merge(path, alias, source, condition, [], position=position)
        while self.at("WHEN"):
            merge.clauses.append(self._parse_merge_clause())
        if not merge.clauses:
            raise self.unexpected("keyword WHEN")
        return merge

    def _parse_merge_clause(self) -> n.MergeClause:
        position = self.expect("WHEN").position
        match = "MATCHED"
        if self.accept("NOT", "MATCHED"):
            match = "NOT_BY_TARGET"
            if self.accept("BY"):
                side = self.accept_any("TARGET", "SOURCE")
                if side is None:
                    raise self.unexpected("keyword TARGET or SOURCE")
                match = f"NOT_BY_{side}"
        else:
            self.expect("MATCHED")
        condition = self.parse_expression() if self.accept("AND") else None
        self.expect("THEN")
        clause = n.MergeClause(match, condition, "", position=position)
        if match == "NOT_BY_TARGET":
            self._parse_merge_insert(clause)
        elif self.accept("UPDATE"):
            self.expect("SET")
            clause.action, clause.assignments = "UPDATE", self._parse_assignments()
        elif self.accept("DELETE"):
            clause.action = "DELETE"
        else:
            raise self.unexpected("keyword UPDATE or keyword DELETE")
        return clause

    def _parse_merge_insert(self, clause: n.MergeClause) -> None:
        self.expect("INSERT")
        clause.action = "INSERT"
        if self.at("("):
            clause.columns = self.identifier_list()
        if self.at("ROW"):
            raise not_implemented("INSERT ROW")
        self.expect("VALUES")
        clause.values = self._parse_row()
