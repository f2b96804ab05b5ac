"""EXECUTE IMMEDIATE and CALL."""

from dataclasses import replace

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.compile_query import Compiler
from sandbox.bigquery.sql.environment import Variable
from sandbox.bigquery.sql.expression import fail
from sandbox.bigquery.sql.parser import parse_script
from sandbox.bigquery.sql.queries import compile_query, evaluate, fetch_value, printable
from sandbox.bigquery.sql.script_base import Jump
from sandbox.bigquery.sql.script_variables import VariableStatements
from sandbox.bigquery.sql.typesystem import INT64, STRING

_DEEPEST_CALL = 50


class DynamicStatements(VariableStatements):
    """Statements that run other statements."""

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
            fail(
                f"EXECUTE IMMEDIATE INTO has {len(variables)} variables but the query has {len(query.columns)} columns",
                statement.position,
            )
        rows = self.execution.rows(printable(query), [column.type for column in query.columns])
        if len(rows) > 1:
            raise invalid_query("EXECUTE IMMEDIATE INTO query returned more than one row")
        row = rows[0] if rows else (None,) * len(variables)
        compiler = Compiler(self.environment)
        for name, variable, column, value in zip(statement.into, variables, query.columns, row, strict=True):
            given = self.environment.bind("into", Variable(column.type, value))
            given = compiler.required(
                given,
                variable.type,
                f"Cannot assign {column.type} to variable {name} of type {variable.type}",
                statement.position,
            )
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
        except Jump as jump:
            if jump.kind != "RETURN":
                raise
        finally:
            environment.variables = outer
            self._depth -= 1
        for target, source in outputs:
            outer[target] = replace(outer[target], value=inner[source].value)
