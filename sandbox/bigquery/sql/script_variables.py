"""DECLARE and SET."""

from typing import Any

from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.environment import Variable
from sandbox.bigquery.sql.expression import fail
from sandbox.bigquery.sql.queries import evaluate
from sandbox.bigquery.sql.script_base import InterpreterBase
from sandbox.bigquery.sql.typesystem import STRING, Type, struct_of


class VariableStatements(InterpreterBase):
    """Variables."""

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
