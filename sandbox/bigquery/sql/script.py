"""Running scripts: statements one after the other, variables, control flow, exceptions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.bigquery.errors import BigQueryError, invalid_query
from sandbox.bigquery.model import StatementResult
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.alter import alter
from sandbox.bigquery.sql.compile_query import Compiler
from sandbox.bigquery.sql.ddl import DefinitionRunner
from sandbox.bigquery.sql.dml import plan_delete, plan_insert, plan_truncate, plan_update, run_plan
from sandbox.bigquery.sql.environment import Variable
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.expression import fail
from sandbox.bigquery.sql.merge import plan_merge
from sandbox.bigquery.sql.parser import parse_script
from sandbox.bigquery.sql.queries import compile_query, evaluate, fetch_value, printable, result_names, run_query
from sandbox.bigquery.sql.routines import Routines
from sandbox.bigquery.sql.typesystem import BOOL, INT64, STRING, Type, array_of, struct_of

_DEEPEST_CALL = 50
PROCEDURAL = (
    n.Declare, n.SetVariables, n.If, n.CaseStatement, n.Loop, n.ForIn, n.Jump, n.Block, n.Raise, n.ExecuteImmediate,
    n.CallProcedure,
)  # fmt: skip


class _Jump(Exception):
    """BREAK, CONTINUE or RETURN on its way out."""

    def __init__(self, kind: str, label: str | None) -> None:
        super().__init__(kind)
        self.kind, self.label = kind, label


class Interpreter:
    """Runs the statements of one session."""

    def __init__(
        self, execution: Execution, routines: Routines, report: Callable[[StatementResult], None]
    ) -> None:
        self.execution = execution
        self.environment = execution.environment
        self.routines = routines
        self.definitions = DefinitionRunner(execution, routines)
        self._report = report
        self._depth = 0
        self._error: BigQueryError | None = None

    def run(self, statements: list[n.Statement] | tuple[n.Statement, ...]) -> None:
        """A whole script."""
        try:
            self.block(statements)
        except _Jump as jump:
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
                        fail("Variable declarations are allowed only at the start of a block or script", statement.position)
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
        method = _DISPATCH[type(statement)]
        try:
            result = method(self, statement)
        except BigQueryError as error:
            if not hasattr(error, "statement_text"):
                error.statement_text = statement.text  # type: ignore[attr-defined]
            raise
        if isinstance(result, StatementResult):
            if result.affected_rows is not None:
                self._set_system("row_count", INT64, result.affected_rows)
            self._report(result)

    def _set_system(self, name: str, type: Type, value: Any) -> None:
        self.environment.system_variables[name] = Variable(type, value)

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

    # ---- variables

    def _declare(self, statement: n.Declare) -> None:
        type, value = statement.type, None
        if statement.default is not None:
            variable = evaluate(self.execution, statement.default, type, "DEFAULT expression")
            type, value = variable.type, variable.value
        assert type is not None
        if value is None and type.is_array:
            value = None
        for name in statement.names:
            self.environment.variables[name] = Variable(type, value)

    def _variable(self, name: str, statement: n.Statement) -> Variable:
        variable = self.environment.variables.get(name)
        if variable is None:
            fail(f"Undeclared variable: {name}", statement.position)
        return variable

    def _set(self, statement: n.SetVariables) -> None:
        if not statement.grouped:
            name = statement.targets[0]
            if name.startswith("@@"):
                return self._set_system_variable(name[2:], statement)
            variable = self._variable(name, statement)
            value = evaluate(self.execution, statement.value, variable.type, "SET").value
            self.environment.variables[name] = Variable(variable.type, value)
            return None
        variables = [self._variable(name, statement) for name in statement.targets]
        types = struct_of(*((None, variable.type) for variable in variables))
        value = evaluate(self.execution, statement.value)
        if not value.type.is_struct or len(value.type.fields) != len(variables):
            fail(f"SET of {len(variables)} variables needs as many values", statement.position)
        coerced = self._as_struct(statement.value, types)
        for name, variable, key in zip(statement.targets, variables, types.field_keys, strict=True):
            self.environment.variables[name] = Variable(variable.type, None if coerced is None else coerced[key])
        return None

    def _as_struct(self, node: n.Node, type: Type) -> dict[str, Any] | None:
        value = evaluate(self.execution, node, type, "SET").value
        return dict(value) if value is not None else None

    def _set_system_variable(self, name: str, statement: n.SetVariables) -> None:
        if name not in ("time_zone", "dataset_id", "dataset_project_id", "query_label"):
            fail(f"System variable @@{name} cannot be set", statement.position)
        value = evaluate(self.execution, statement.value, STRING, "SET").value
        environment = self.environment
        if name == "time_zone" and value != "UTC":
            from sandbox.bigquery.errors import not_implemented

            raise not_implemented("@@time_zone other than UTC")
        if name == "dataset_id":
            project, _, dataset = str(value).rpartition(".")
            environment.default_dataset = (project or environment.project, dataset)
        self._set_system(name, STRING, value)

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
        except _Jump as jump:
            if jump.kind == "RETURN" or jump.label is not None and jump.label != label:
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
        raise _Jump(statement.kind, statement.label)

    def _block(self, statement: n.Block) -> None:
        try:
            try:
                self.block(statement.body)
            except BigQueryError as error:
                if statement.handler is None or error.reason == "stopped":
                    raise
                self._handle(statement.handler, error)
        except _Jump as jump:
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

    # ---- dynamic SQL and procedures

    def _execute_immediate(self, statement: n.ExecuteImmediate) -> None:
        text = evaluate(self.execution, statement.sql, STRING, "EXECUTE IMMEDIATE sql string").value
        if text is None:
            fail("SQL in EXECUTE IMMEDIATE may not be NULL", statement.position)
        using = [(name, evaluate(self.execution, node)) for name, node in statement.using]
        inner = parse_script(str(text))
        if len(inner) != 1:
            fail("SQL in EXECUTE IMMEDIATE must be exactly one statement", statement.position)
        environment = self.environment
        saved = environment.named_parameters, environment.positional_parameters
        environment.named_parameters = {name: value for name, value in using if name is not None}
        environment.positional_parameters = [value for name, value in using if name is None]
        try:
            if statement.into:
                self._execute_into(inner[0], statement)
            else:
                self.statement(inner[0])
        finally:
            environment.named_parameters, environment.positional_parameters = saved

    def _execute_into(self, inner: n.Statement, statement: n.ExecuteImmediate) -> None:
        if not isinstance(inner, n.QueryStatement):
            fail("INTO needs a query", statement.position)
        variables = [self._variable(name, statement) for name in statement.into]
        self.environment.begin_statement()
        query = compile_query(self.environment, inner.query)
        if len(query.columns) != len(variables):
            fail(f"EXECUTE IMMEDIATE INTO has {len(variables)} variables but the query has {len(query.columns)} columns", statement.position)
        rows = self.execution.rows(printable(query), [column.type for column in query.columns])
        if len(rows) > 1:
            raise invalid_query("EXECUTE IMMEDIATE INTO query returned more than one row")
        row = rows[0] if rows else (None,) * len(variables)
        compiler = Compiler(self.environment)
        for name, variable, column, value in zip(statement.into, variables, query.columns, row, strict=True):
            given = self.environment.bind("into", Variable(column.type, value))
            given = compiler.required(given, variable.type, f"Cannot assign {column.type} to variable {name} of type {variable.type}", statement.position)
            result = fetch_value(self.execution, given, variable.type)
            self.environment.variables[name] = Variable(variable.type, result)

    def _call(self, statement: n.CallProcedure) -> None:
        routine = self.routines.find(statement.path, "PROCEDURE")
        if routine is None:
            fail(f"Procedure not found: {'.'.join(statement.path)}", statement.position)
        if len(statement.arguments) != len(routine.arguments):
            fail(f"Procedure {'.'.join(statement.path)} takes {len(routine.arguments)} arguments", statement.position)
        self._depth += 1
        if self._depth > _DEEPEST_CALL:
            fail("Procedures are nested too deeply", statement.position)
        environment = self.environment
        outer = environment.variables
        inner: dict[str, Variable] = {}
        outputs: list[tuple[str, str]] = []
        for node, (mode, name, type) in zip(statement.arguments, routine.arguments, strict=True):
            value = evaluate(self.execution, node, type, f"Argument {name}") if mode != "OUT" else None
            if mode != "IN":
                if not isinstance(node, n.Path) or node.names[0].lower() not in outer:
                    fail(f"Argument {name} of mode {mode} must be a variable", statement.position)
                outputs.append((node.names[0].lower(), name.lower()))
            inner[name.lower()] = value if value is not None else Variable(type or INT64, None)
        environment.variables = inner
        try:
            self.block(routine.body)
        except _Jump as jump:
            if jump.kind != "RETURN":
                raise
        finally:
            environment.variables = outer
            self._depth -= 1
        for target, source in outputs:
            outer[target] = replace(outer[target], value=inner[source].value)


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
    **{kind: Interpreter._write for kind in _PLANS},
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
