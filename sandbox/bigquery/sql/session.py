"""One query job's view of the SQL engine: run a script, or describe it."""

from collections.abc import Callable
from typing import Any

from duckdb import DuckDBPyConnection

from sandbox.bigquery.errors import invalid_query
from sandbox.bigquery.model import StatementResult
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.billing import Billing
from sandbox.bigquery.sql.describe import describe
from sandbox.bigquery.sql.duckdb_errors import WriteConflict
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.execution import Execution
from sandbox.bigquery.sql.parameters import named_parameters
from sandbox.bigquery.sql.parser import parse_script
from sandbox.bigquery.sql.script import PROCEDURAL, Interpreter


class Session:
    """Runs GoogleSQL for one job on one cursor. ``is_script`` is known as soon as statements are reported."""

    def __init__(
        self,
        catalog: Any,
        connection: DuckDBPyConnection,
        project: str,
        default_dataset: tuple[str, str] | None = None,
        parameters: list[dict[str, Any]] | None = None,
        on_statement: Callable[[StatementResult], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        billing: Billing | None = None,
    ) -> None:
        self.is_script = False
        environment = Environment(catalog, connection, project, default_dataset, named_parameters(parameters or []))
        self._execution = Execution(environment, cancelled, billing)
        self._on_statement = on_statement
        self._results: list[StatementResult] = []
        self._interpreter = Interpreter(self._execution, self._report)

    def _report(self, result: StatementResult) -> None:
        self._results.append(result)
        if self._on_statement is not None:
            self._on_statement(result)

    def run(self, sql: str) -> list[StatementResult]:
        """Run a statement or a script; raises BigQueryError, and rolls back what was not committed."""
        statements = self._parse(sql)
        self.is_script = len(statements) > 1 or isinstance(statements[0], PROCEDURAL)
        try:
            self._interpreter.block(statements)
        except RecursionError:
            raise invalid_query("The query is too deeply nested") from None
        except WriteConflict as conflict:
            raise invalid_query("Transaction is aborted due to concurrent update") from conflict
        finally:
            self._execution.rollback()
        if not self._results:
            self._results.append(StatementResult(sql, "SCRIPT"))
        return self._results

    def describe(self, sql: str) -> StatementResult:
        """A dry run: what it would answer, without side effects."""
        statements = self._parse(sql)
        self.is_script = len(statements) > 1 or isinstance(statements[0], PROCEDURAL)
        try:
            return describe(self._interpreter, statements)
        except RecursionError:
            raise invalid_query("The query is too deeply nested") from None

    @staticmethod
    def _parse(sql: str) -> tuple[n.Statement, ...]:
        try:
            statements = parse_script(sql)
        except RecursionError:
            raise invalid_query("The query is too deeply nested") from None
        if not statements:
            raise invalid_query("Syntax error: Unexpected end of script at [1:1]")
        return statements
