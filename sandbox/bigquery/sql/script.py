"""Running scripts: statements one after the other, variables, control flow, exceptions."""

from collections.abc import Callable
from typing import Any

from sandbox.bigquery.errors import BigQueryError, invalid_query
from sandbox.bigquery.model import StatementResult
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.alter import alter
from sandbox.bigquery.sql.dml import run_plan
from sandbox.bigquery.sql.dml_insert import plan_insert
from sandbox.bigquery.sql.dml_update import plan_delete, plan_truncate, plan_update
from sandbox.bigquery.sql.environment import Variable
from sandbox.bigquery.sql.expression import fail
from sandbox.bigquery.sql.merge import plan_merge
from sandbox.bigquery.sql.queries import compile_query, evaluate, printable, result_names, run_query
from sandbox.bigquery.sql.script_base import Jump
from sandbox.bigquery.sql.script_calls import DynamicStatements
from sandbox.bigquery.sql.typesystem import BOOL, INT64, STRING, array_of, struct_of

PROCEDURAL = (
    n.Declare, n.SetVariables, n.If, n.CaseStatement, n.Loop, n.ForIn, n.Jump, n.Block, n.Raise, n.ExecuteImmediate,
    n.CallProcedure,
)  # fmt: skip


class Interpreter(DynamicStatements):
    """Runs the statements of one session."""

    def run(self, statements: list[n.Statement] | tuple[n.Statement, ...]) -> None:
        """A whole script."""
        try:
            self.block(statements)
        except Jump as jump:
            if jump.kind != "RETURN":
                raise invalid_query(f"{jump.kind} is only allowed inside of a loop body") from None

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
                self.statement(statement)
        finally:
            for name in declared:
                environment.variables.pop(name, None)
                if name in outer:
                    environment.variables[name] = outer[name]

    def statement(self, statement: n.Statement) -> None:
        """One statement."""
        self.execution.check_cancelled()
        self.environment.begin_statement()
        self.execution.billing.last = 0
        method = _DISPATCH[type(statement)]
        try:
            if self.execution.in_transaction:
                self._check_within_transaction(statement)
            result = method(self, statement)
        except BigQueryError as error:
            if not hasattr(error, "statement_text"):
                error.statement_text = statement.text  # type: ignore[attr-defined]
            raise
        if isinstance(result, StatementResult):
            result.bytes_billed = self.execution.billing.last
            if result.affected_rows is not None:
                self._set_system("row_count", INT64, result.affected_rows)
            self._report(result)

    def _check_within_transaction(self, statement: n.Statement) -> None:
        """Refuse what BigQuery's list of statements within transactions has not; control flow stays allowed."""
        if isinstance(statement, n.Assert):
            raise invalid_query("ASSERT is not supported inside a transaction")
        if isinstance(statement, n.Create | n.Drop | n.Alter) and not self._is_temporary(statement):
            raise invalid_query("DDL statements on permanent entities are not supported inside a transaction")

    def _is_temporary(self, statement: n.Create | n.Drop | n.Alter) -> bool:
        if isinstance(statement, n.Create) and statement.temporary:
            return statement.kind in ("TABLE", "FUNCTION")
        is_session = statement.path[0].upper() == "_SESSION"
        is_known = len(statement.path) == 1 and statement.path[0].lower() in self.environment.temporary_tables
        return statement.kind == "TABLE" and (is_session or is_known)

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

    def _assert(self, statement: n.Assert) -> StatementResult:
        holds = evaluate(self.execution, statement.condition, BOOL, "ASSERT expression").value
        if not holds:
            described = f": {statement.description}" if statement.description else ""
            raise invalid_query(f"Assertion failed{described}")
        return StatementResult(statement.text, "ASSERT", referenced=list(self.environment.referenced))

    def _transaction(self, statement: n.Transaction) -> StatementResult:
        {"BEGIN": self.execution.begin, "COMMIT": self.execution.commit, "ROLLBACK": self.execution.rollback}[
            statement.kind
        ]()
        return StatementResult(statement.text, f"{statement.kind}_TRANSACTION")

    # ---- control flow

    def _holds(self, node: n.Node, what: str) -> bool:
        self.environment.begin_statement()
        return bool(evaluate(self.execution, node, BOOL, what).value)

    def _if(self, statement: n.If) -> None:
        for condition, body in statement.branches:
            if self._holds(condition, "IF condition"):
                return self.block(body)
        return self.block(statement.default)

    def _case(self, statement: n.CaseStatement) -> None:
        for condition, body in statement.branches:
            test = condition
            if statement.operand is not None:
                test = n.Binary("=", statement.operand, condition, position=condition.position)
            if self._holds(test, "CASE condition"):
                return self.block(body)
        return self.block(statement.default)

    def _loop(self, statement: n.Loop) -> None:
        assert statement.kind == "LOOP" or statement.condition is not None
        while statement.kind != "WHILE" or self._holds(statement.condition, "WHILE condition"):  # type: ignore[arg-type]
            self.execution.check_cancelled()
            if not self._iteration(statement.body, statement.label):
                return
            if statement.kind == "REPEAT" and self._holds(statement.condition, "UNTIL condition"):  # type: ignore[arg-type]
                return

    def _iteration(self, body: list[n.Statement], label: str | None) -> bool:
        """Run a loop's body once; False when the loop is to be left."""
        try:
            self.block(body)
        except Jump as jump:
            if jump.kind == "RETURN" or (jump.label is not None and jump.label != label):
                raise
            return jump.kind == "CONTINUE"
        return True

    def _for(self, statement: n.ForIn) -> None:
        query = compile_query(self.environment, statement.query)
        names = result_names(query)
        types = [column.type for column in query.columns]
        row_type = struct_of(*zip(names, types, strict=True))
        rows = self.execution.rows(printable(query), types)
        outer = self.environment.variables.get(statement.variable)
        try:
            for row in rows:
                record = dict(zip(row_type.field_keys, row, strict=True))
                self.environment.variables[statement.variable] = Variable(row_type, record)
                if not self._iteration(statement.body, statement.label):
                    return
        finally:
            self.environment.variables.pop(statement.variable, None)
            if outer is not None:
                self.environment.variables[statement.variable] = outer

    def _jump(self, statement: n.Jump) -> None:
        raise Jump(statement.kind, statement.label)

    def _block(self, statement: n.Block) -> None:
        try:
            try:
                self.block(statement.body)
            except BigQueryError as error:
                if statement.handler is None or error.reason == "stopped":
                    raise
                self._handle(statement.handler, error)
        except Jump as jump:
            if jump.kind != "BREAK" or jump.label is None or jump.label != statement.label:
                raise

    def _handle(self, handler: list[n.Statement], error: BigQueryError) -> None:
        before = dict(self.environment.system_variables)
        previous, self._error = self._error, error
        frame = struct_of(("line", INT64), ("column", INT64), ("filename", STRING), ("location", STRING))
        self._set_system("error.message", STRING, error.message)
        self._set_system("error.statement_text", STRING, getattr(error, "statement_text", None))
        self._set_system("error.formatted_stack_trace", STRING, "")
        self._set_system("error.stack_trace", array_of(frame), [])
        try:
            self.block(handler)
        finally:
            self._error = previous
            kept = self.environment.system_variables.get("row_count")
            self.environment.system_variables = before
            if kept is not None:
                before["row_count"] = kept

    def _raise(self, statement: n.Raise) -> None:
        if statement.message is not None:
            text = evaluate(self.execution, statement.message, STRING, "RAISE message").value
            raise invalid_query(str(text))
        if self._error is None:
            fail("Cannot re-raise outside of an exception handler", statement.position)
        raise self._error


_PLANS: dict[type, Callable[..., Any]] = {
    n.Insert: plan_insert,
    n.Update: plan_update,
    n.Delete: plan_delete,
    n.Truncate: plan_truncate,
    n.Merge: plan_merge,
}


def plan_write(environment: Any, statement: n.Statement) -> Any:
    """Compile a statement that writes rows."""
    return _PLANS[type(statement)](environment, statement)


_DISPATCH: dict[type, Callable[..., Any]] = {
    n.QueryStatement: Interpreter._query,
    **dict.fromkeys(_PLANS, Interpreter._write),
    n.Create: Interpreter._create,
    n.Drop: Interpreter._drop,
    n.Alter: Interpreter._alter,
    n.Assert: Interpreter._assert,
    n.Transaction: Interpreter._transaction,
    n.Declare: Interpreter._declare,
    n.SetVariables: Interpreter._set,
    n.If: Interpreter._if,
    n.CaseStatement: Interpreter._case,
    n.Loop: Interpreter._loop,
    n.ForIn: Interpreter._for,
    n.Jump: Interpreter._jump,
    n.Block: Interpreter._block,
    n.Raise: Interpreter._raise,
    n.ExecuteImmediate: Interpreter._execute_immediate,
    n.CallProcedure: Interpreter._call,
}
