"""Running scripts: statements one after the other, variables, control flow."""

from collections.abc import Callable
from typing import Any

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.model import StatementResult
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.alter import alter
from sandbox.bigquery.sql.compiled_once import compiled_once
from sandbox.bigquery.sql.ddl import DefinitionRunner
from sandbox.bigquery.sql.dml import run_plan
from sandbox.bigquery.sql.dml_insert import plan_insert
from sandbox.bigquery.sql.dml_update import plan_delete, plan_truncate, plan_update
from sandbox.bigquery.sql.environment import Variable
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.expression import fail
from sandbox.bigquery.sql.merge import plan_merge
from sandbox.bigquery.sql.queries import evaluate, run_query
from sandbox.bigquery.sql.typesystem import BOOL, STRING

_LARGEST_VARIABLE = 1 << 20
PROCEDURAL = (n.Declare, n.SetVariable, n.If, n.While, n.Block, n.Raise)


class Interpreter:
    """Runs the statements of one session, and reports what each answered."""

    def __init__(self, execution: Execution, report: Callable[[StatementResult], None]) -> None:
        self.execution = execution
        self.environment = execution.environment
        self.definitions = DefinitionRunner(execution)
        self._report = report

    def block(self, statements: list[n.Statement] | tuple[n.Statement, ...]) -> None:
        """Statements in order; what they declare ends with them."""
        environment = self.environment
        outer = dict(environment.variables)
        started = False
        declared: set[str] = set()
        try:
            for statement in statements:
                if isinstance(statement, n.Declare):
                    if started:
                        fail(
                            "Variable declarations are allowed only at the start of a block or script",
                            statement.position,
                        )
                    for name in statement.names:
                        if name in declared:
                            fail(f"Variable '{name}' redeclaration", statement.position)
                        declared.add(name)
                else:
                    started = True
                self._statement(statement)
        finally:
            for name in declared:
                environment.variables.pop(name, None)
                if name in outer:
                    environment.variables[name] = outer[name]

    def _statement(self, statement: n.Statement) -> None:
        self.execution.check_cancelled()
        self.environment.begin_statement()
        billing = self.execution.billing
        billing.last = billing.processed = 0
        if self.execution.in_transaction:
            self._check_within_transaction(statement)
        result = _DISPATCH[type(statement)](self, statement)
        if isinstance(result, StatementResult):
            result.bytes_processed, result.bytes_billed = billing.processed, billing.last
            self._report(result)

    def _check_within_transaction(self, statement: n.Statement) -> None:
        """Refuse what BigQuery's list of statements within transactions has not; control flow stays allowed."""
        if isinstance(statement, n.Create | n.Drop | n.Alter) and not self._is_temporary(statement):
            raise invalid_query("DDL statements on permanent entities are not supported inside a transaction")

    def _is_temporary(self, statement: n.Create | n.Drop | n.Alter) -> bool:
        if isinstance(statement, n.Create) and statement.temporary:
            return True
        return len(statement.path) == 1 and statement.path[0].lower() in self.environment.temporary_tables

    # ---- plain statements

    def _query(self, statement: n.QueryStatement) -> StatementResult:
        return run_query(self.execution, statement)

    def _write(self, statement: n.Statement) -> StatementResult:
        return run_plan(self.execution, plan_write(self.environment, statement), statement)

    def _create(self, statement: n.Create) -> StatementResult:
        return self.definitions.create(statement)

    def _drop(self, statement: n.Drop) -> StatementResult:
        return self.definitions.drop(statement)

    def _alter(self, statement: n.Alter) -> StatementResult:
        return alter(self.execution, statement)

    def _transaction(self, statement: n.Transaction) -> StatementResult:
        {"BEGIN": self.execution.begin, "COMMIT": self.execution.commit, "ROLLBACK": self.execution.rollback}[
            statement.kind
        ]()
        return StatementResult(statement.text, f"{statement.kind}_TRANSACTION")

    # ---- variables and control flow

    def declare(self, statement: n.Declare) -> None:
        """Give variables their type and first value."""
        type, value = statement.type, None
        if statement.default is not None:
            variable = evaluate(self.execution, statement.default, type, "DEFAULT expression")
            type, value = variable.type, variable.value
        assert type is not None
        for name in statement.names:
            _check_size(name, value)
            self.environment.variables[name] = Variable(type, value)

    def _set(self, statement: n.SetVariable) -> None:
        variable = self.environment.variables.get(statement.name)
        if variable is None:
            fail(f"Undeclared variable: {statement.name}", statement.position)
        value = evaluate(self.execution, statement.value, variable.type, "SET").value
        _check_size(statement.name, value)
        self.environment.variables[statement.name] = Variable(variable.type, value)

    def _holds(self, node: n.Node, what: str) -> bool:
        self.environment.begin_statement()
        return bool(evaluate(self.execution, node, BOOL, what).value)

    def _if(self, statement: n.If) -> None:
        for condition, body in statement.branches:
            if self._holds(condition, "IF condition"):
                return self.block(body)
        return self.block(statement.default)

    def _while(self, statement: n.While) -> None:
        while self._holds(statement.condition, "WHILE condition"):
            self.execution.check_cancelled()
            self.block(statement.body)

    def _block(self, statement: n.Block) -> None:
        self.block(statement.body)

    def _raise(self, statement: n.Raise) -> None:
        raise invalid_query(str(evaluate(self.execution, statement.message, STRING, "RAISE message").value))


def _check_size(name: str, value: Any) -> None:
    """Refuse a variable of more than a megabyte, as the page on DECLARE says; in whose words, nobody wrote down."""
    if _size(value) > _LARGEST_VARIABLE:
        raise invalid_query(f"Variable {name} exceeds the maximum size of a variable, {_LARGEST_VARIABLE} bytes")


def _size(value: Any) -> int:
    if isinstance(value, str | bytes):
        return len(value if isinstance(value, bytes) else value.encode())
    if isinstance(value, dict | list | tuple):
        return sum(map(_size, value.values() if isinstance(value, dict) else value))
    return 8


_PLANS: dict[type, Callable[..., Any]] = {
    n.Insert: plan_insert,
    n.Update: plan_update,
    n.Delete: plan_delete,
    n.Truncate: plan_truncate,
    n.Merge: plan_merge,
}


def plan_write(environment: Any, statement: n.Statement) -> Any:
    """Compile a statement that writes rows."""
    plan = _PLANS[type(statement)]
    return compiled_once(environment, statement, lambda: plan(environment, statement))


_DISPATCH: dict[type, Callable[..., Any]] = {
    n.QueryStatement: Interpreter._query,
    **dict.fromkeys(_PLANS, Interpreter._write),
    n.Create: Interpreter._create,
    n.Drop: Interpreter._drop,
    n.Alter: Interpreter._alter,
    n.Transaction: Interpreter._transaction,
    n.Declare: Interpreter.declare,
    n.SetVariable: Interpreter._set,
    n.If: Interpreter._if,
    n.While: Interpreter._while,
    n.Block: Interpreter._block,
    n.Raise: Interpreter._raise,
}
