"""Evaluates a script that only reads: variables, temporary tables, loops and queries, one after the other.

The evaluator knows queries, but no scripts. Here a variable is a query parameter, put where the parser found its name,
and a temporary table is one table more to read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from zetasql.types import ASTNode, ASTPathExpression

from pedwatch.hooks.parameters import Typed
from tests.sql.evaluator import Tables, evaluate
from tests.sql.googlesql import parse, text_of

_WITHIN_IF = ("ASTCreateTableStatement", "ASTSingleAssignment")
_IF = "ASTIfStatement"
_DELETE = "ASTDeleteStatement"
_MERGE = "ASTMergeStatement"


class NotEvaluableError(Exception):
    """The script does something else than declare, set, loop, ask, and fill, change or empty temporary tables."""


def evaluate_script(text: str, tables: Tables, parameters: Mapping[str, Any]) -> Typed:
    """Run a script; returns what its last query answers.

    Raises:
        NotEvaluableError: it does more than read.
        EvaluationError: GoogleSQL refuses one of its queries, or it fails.
    """
    script = _Script(text.encode(), tables, parameters)
    script.run(parse(text))
    return script.answer


def _nodes(node: Any) -> Iterator[Any]:
    """Yield a parsed node and all within it, in the order of the text."""
    yield node
    for value in vars(node).values():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ASTNode):
                yield from _nodes(child)


class _Script:
    def __init__(self, source: bytes, tables: Tables, parameters: Mapping[str, Any]) -> None:
        self.source = source
        self.stored = tables
        self.temporary: dict[str, Typed] = {}
        self.parameters = parameters
        self.variables: dict[str, Typed] = {}
        self.answer = Typed({}, [])

    def run(self, statements: list[Any]) -> None:
        """Run statements one after the other."""
        for node in statements:
            match type(node).__name__:
                case "ASTVariableDeclaration":
                    self._declare(node)
                case "ASTSingleAssignment":
                    self.variables[node.variable.id_string] = self._value(self._text(node.expression))
                case "ASTWhileStatement":
                    while self._value(self._text(node.condition)).value:
                        self.run(node.body.statement_list)
                case "ASTIfStatement" if not node.elseif_clauses:
                    self._choose(node)
                case "ASTBeginEndBlock" if not node.handler_list:
                    self.run(node.statement_list_node.statement_list)
                case "ASTCreateTableStatement" if node.query:
                    self.temporary[text_of(self.source, node.name)] = self._evaluate(self._text(node.query))
                case "ASTInsertStatement" if text_of(self.source, node.target_path) in self.temporary:
                    self._insert(node)
                case "ASTDeleteStatement" if text_of(self.source, node.target_path) in self.temporary:
                    self._delete(node)
                case "ASTMergeStatement" if self._updates_temporary(node):
                    self._merge(node)
                case "ASTQueryStatement":
                    self.answer = self._evaluate(self._text(node.query))
                case kind:
                    raise NotEvaluableError(kind)

    def _choose(self, node: Any) -> None:
        then, otherwise = self._branches(node)
        self.run(then if self._value(self._text(node.condition)).value else otherwise)

    def _branches(self, node: Any) -> tuple[list[Any], list[Any]]:
        then, otherwise = (part.statement_list if part else [] for part in (node.then_list, node.else_list))
        for statement in [*then, *otherwise]:
            # Also what is passed over this time has to be known, or a script that writes would pass for one that reads.
            kind = type(statement).__name__
            is_delete = kind == _DELETE and text_of(self.source, statement.target_path) in self.temporary
            is_merge = kind == _MERGE and self._updates_temporary(statement)
            if kind == _IF:
                self._branches(statement)
            elif kind not in _WITHIN_IF and not is_delete and not is_merge:
                raise NotEvaluableError(kind)
        return then, otherwise

    def _declare(self, node: Any) -> None:
        default = self._text(node.default_value) if node.default_value else "NULL"
        for variable in node.variable_list.identifier_list:
            value = self._value(f"CAST(({default}) AS {text_of(self.source, node.type)})")
            self.variables[variable.id_string] = value

    def _insert(self, node: Any) -> None:
        columns = [column.id_string for column in node.column_list.identifiers]
        rows = self._evaluate(self._text(node.query)).value
        table = self.temporary[text_of(self.source, node.target_path)]
        table.value.extend(dict(zip(columns, row.values(), strict=True)) for row in rows)

    def _delete(self, node: Any) -> None:
        name, condition = text_of(self.source, node.target_path), self._text(node.where)
        alias = text_of(self.source, node.alias.identifier) if node.alias else name
        kept = self._evaluate(f"SELECT * FROM {name} AS {alias} WHERE ({condition}) IS NOT TRUE")
        self.temporary[name] = kept

    def _updates_temporary(self, node: Any) -> bool:
        """Return whether a MERGE does no more than change those rows of a temporary table that match."""
        actions = [clause.action for clause in node.when_clauses.clause_list]
        is_update = len(actions) == 1 and actions[0].update_item_list is not None
        return is_update and text_of(self.source, node.target_path) in self.temporary

    def _merge(self, node: Any) -> None:
        """Put the rows that do not match beside those that do, changed; a row that matches twice is refused."""
        name, target = text_of(self.source, node.target_path), text_of(self.source, node.alias.identifier)
        given = text_of(self.source, node.table_expression.alias.identifier)
        source, condition = self._text(node.table_expression.subquery), self._text(node.merge_condition)
        [clause] = node.when_clauses.clause_list
        assert clause.search_condition is None
        items = [item.set_value for item in clause.action.update_item_list.update_items]
        changed = ", ".join(
            f"IF({given}.is_match, {self._text(item.value)}, {target}.{column}) AS {column}"
            for item in items
            for column in [text_of(self.source, item.path)]
        )
        joined = f"{name} AS {target} LEFT JOIN (SELECT *, TRUE AS is_match FROM ({source})) AS {given} ON {condition}"
        found = self._evaluate(f"SELECT {target}.* REPLACE ({changed}) FROM {joined}")
        if len(found.value) != len(self.temporary[name].value):
            raise NotEvaluableError("a MERGE in which a row matches twice, which BigQuery refuses")
        self.temporary[name] = found

    def _text(self, node: Any) -> str:
        """Return the text of a node, with each variable in it as a query parameter."""
        begin = node.parse_location_range.start
        text = self.source[begin : node.parse_location_range.end]
        names = [name for name in _nodes(node) if isinstance(name, ASTPathExpression)]
        for at in sorted({n.parse_location_range.start for n in names if n.names[0].id_string in self.variables})[::-1]:
            text = text[: at - begin] + b"@" + text[at - begin :]
        return text.decode()

    def _value(self, expression: str) -> Typed:
        answer = self._evaluate(f"SELECT {expression} AS value")
        return Typed(answer.kind["value"], answer.value[0]["value"])

    def _evaluate(self, query: str) -> Typed:
        return evaluate(query, {**self.stored, **self.temporary}, {**self.parameters, **self.variables})
