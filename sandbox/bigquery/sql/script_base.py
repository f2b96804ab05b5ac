"""What the parts of the script interpreter share."""

from collections.abc import Callable
from typing import Any

from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.model import StatementResult
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.ddl import DefinitionRunner
from sandbox.bigquery.sql.environment import Variable
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.routines import Routines
from sandbox.bigquery.sql.typesystem import Type


class Jump(Exception):
    """BREAK, CONTINUE or RETURN on its way out."""

    def __init__(self, kind: str, label: str | None) -> None:
        super().__init__(kind)
        self.kind, self.label = kind, label


class InterpreterBase:
    """The state of a running script."""

    def __init__(self, execution: Execution, routines: Routines, report: Callable[[StatementResult], None]) -> None:
        self.execution = execution
        self.environment = execution.environment
        self.routines = routines
        self.definitions = DefinitionRunner(execution, routines)
        self._report = report
        self._depth = 0
        self._error: BigQueryError | None = None

    def block(self, statements: list[n.Statement] | tuple[n.Statement, ...]) -> None:
        """Run statements; the interpreter has it."""
        raise NotImplementedError

    def statement(self, statement: n.Statement) -> None:
        """Run one statement; the interpreter has it."""
        raise NotImplementedError

    def _set_system(self, name: str, type: Type, value: Any) -> None:
        self.environment.system_variables[name] = Variable(type, value)
