"""BigQuery as this project uses it: named statements, typed parameters, errors that say what to do."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedwatch import sql
from pedwatch.byte_budgets import budget
from pedwatch.config import Config
from pedwatch.errors import LedgerError
from pedwatch.hooks import bigquery_refusals

if TYPE_CHECKING:
    from google.cloud import bigquery

# BigQuery aborts one of two transactions that touch the same table; running the whole script again is safe because
# every script here is idempotent.
_ABORTED = ("aborted due to concurrent update", "could not serialize access")
_ATTEMPTS = 5


def _is_aborted(error: Exception) -> bool:
    return any(text in str(error).lower() for text in _ABORTED)


class Warehouse:
    """Runs the statements of ``include/sql`` against one dataset.

    Args:
        client: an authorised BigQuery client.
        config: names the project, dataset and location.
        sql_root: the ``sql`` folder.
        pause: sleeps so many seconds between retries of aborted transactions; injected in tests.
    """

    def __init__(
        self, client: "bigquery.Client", config: Config, sql_root: Path, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.client = client
        self.config = config
        self.sql_root = sql_root
        self._pause = pause
        self._ends_at: float | None = None

    def within(self, seconds: float) -> "Warehouse":
        """Return a warehouse whose statements all end within so many seconds from now, by a monotonic clock.

        No call waits longer than what is left, and none is retried beyond it. A statement that was cut off may still
        take effect.
        """
        hurried = Warehouse(self.client, self.config, self.sql_root, self._pause)
        hurried._ends_at = time.monotonic() + seconds
        return hurried

    def render(self, name: str, **variables: object) -> str:
        """Return the text of a statement with this dataset, and the length of cycles, filled in."""
        minutes = self.config.cycle_minutes
        return sql.render(self.sql_root, name, dataset=self.config.dataset, cycle_minutes=minutes, **variables)

    def run(self, name: str, parameters: Mapping[str, Any] | None = None, **variables: object) -> list[dict[str, Any]]:
        """Run a named statement and return its rows as dicts; aborted transactions are run again.

        Raises:
            LedgerError: BigQuery refused; names the statement and, for a missing table, the fix.
        """
        with self.told(name, parameters):
            return [dict(row.items()) for row in self._rows(name, parameters or {}, variables)]

    def stream(self, name: str, parameters: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Run a named SELECT and yield its rows page by page: for results that do not fit into memory.

        Raises:
            LedgerError: BigQuery refused, or a page of the rows did not come; also after rows were yielded.
        """
        with self.told(name, parameters):
            for row in self._rows(name, parameters or {}, {}):
                yield dict(row.items())

    def table(self, name: str, parameters: Mapping[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
        """Run a named SELECT and return its column names with its rows: also without rows the columns are known.

        Raises:
            LedgerError: BigQuery refused.
        """
        with self.told(name, parameters):
            result = self._rows(name, parameters, {})
            return [column.name for column in result.schema], [dict(row.items()) for row in result]

    def write(self, name: str, parameters: Mapping[str, Any] | None = None, **variables: object) -> int:
        """Run a named DML statement and return how many rows it changed (0 for scripts, which do not say).

        Raises:
            LedgerError: BigQuery refused.
        """
        with self.told(name, parameters):
            return int(self._rows(name, parameters or {}, variables).num_dml_affected_rows or 0)

    def create_dataset(self) -> None:
        """Create the dataset in the configured location unless it is there.

        It is looked for first: who may only edit the dataset may not create it again, not even where it exists.

        Raises:
            LedgerError: the dataset is in another location (names both and the setting), or BigQuery refused.
        """
        from google.api_core.exceptions import NotFound
        from google.cloud import bigquery

        name = f"{self.config.project}.{self.config.dataset}"
        with self.told(f"dataset {name}"):
            with contextlib.suppress(NotFound):
                if self.is_elsewhere(found := self.client.get_dataset(name)):
                    raise LedgerError(bigquery_refusals.elsewhere(found, self.config))
                return
            dataset = bigquery.Dataset(name)
            dataset.location = self.config.location
            dataset.description = "PED limits, replica observations, verdicts, episodes and the outbox of pedwatch"
            self.client.create_dataset(dataset, exists_ok=True)

    def is_elsewhere(self, dataset: "bigquery.Dataset") -> bool:
        """Return whether the dataset is in another location than the configured one, where no job of ours finds it."""
        return (dataset.location or "").upper() != self.config.location.upper()

    def listed(self, table: str, columns: Mapping[str, str], *, may_lack: bool = False) -> list[dict[str, Any]]:
        """Return all rows of a small table by listing it, which is no job and bills nothing.

        Args:
            table: table of this dataset.
            columns: those to return, by name, with their types as the BigQuery API names them.
            may_lack: a table that is not there has no rows.

        Raises:
            LedgerError: BigQuery refused, or did not answer.
        """
        from google.api_core.exceptions import NotFound
        from google.cloud import bigquery

        fields = [bigquery.SchemaField(name, kind) for name, kind in columns.items()]
        with self.told(f"rows of {table}"):
            try:
                rows = self.client.list_rows(self.address(table), selected_fields=fields, **self._patience())
                return [dict(row.items()) for row in rows]
            except NotFound:
                if not may_lack:
                    raise
        return []

    def address(self, table: str) -> str:
        """Return the full name of a table of this dataset."""
        return f"{self.config.project}.{self.config.dataset}.{table}"

    def _rows(self, name: str, parameters: Mapping[str, Any], variables: Mapping[str, object]) -> Any:
        """Run a named statement, and return what the client makes of its result; the rows come as they are asked for.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: BigQuery refused, as `told` tells.
        """
        from google.api_core.exceptions import GoogleAPICallError
        from google.cloud import bigquery

        from pedwatch.hooks.parameters import query_parameters

        config = bigquery.QueryJobConfig(
            query_parameters=query_parameters(parameters),
            default_dataset=f"{self.config.project}.{self.config.dataset}",
            labels={"pedwatch": name.removesuffix(".sql").replace("/", "-")},
        )
        if (subjects := self.config.cost_guard.subjects) is not None:
            allowed = budget(name, subjects, parameters)
            config.maximum_bytes_billed = allowed.job
            config.script_options = bigquery.ScriptOptions(statement_byte_budget=allowed.statement)
        text = self.render(name, **variables)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                # By itself the client would submit a failed script again, unseen, under another job id: also one whose
                # work was done, or half of it. Whoever called knows what a repeat means.
                job = self.client.query(
                    text, job_config=config, location=self.config.location, job_retry=None, **self._patience()
                )
                return job.result(**self._patience())
            except GoogleAPICallError as error:
                if not _is_aborted(error) or attempt == _ATTEMPTS or self._ends_at is not None:
                    raise
                self._pause(0.5 * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextlib.contextmanager
    def told(self, name: str, parameters: Mapping[str, Any] | None = None) -> Iterator[None]:
        """Tell what BigQuery's refusals mean, and that it did not answer; the one place where that is done.

        Args:
            name: what is being done: a statement, or the rows or the load of a table.
            parameters: of the statement.

        Raises:
            LedgerError: the block ended with an error of BigQuery's or of its client's. One sentence.
        """
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        try:
            yield
        except GoogleAPICallError as error:
            raise LedgerError(self.explained(name, error, parameters)) from error
        except GoogleAuthError as error:
            raise LedgerError(f"{name}: {bigquery_refusals.not_logged_in(self.config, error)}") from error
        except (TimeoutError, ConnectionError, RetryError, RequestException) as error:
            raise LedgerError(f"{name}: BigQuery did not answer ({type(error).__name__})") from error

    def _patience(self) -> dict[str, Any]:
        """Return how long the client's next call may take, as its arguments; none where there is no end."""
        if self._ends_at is None:
            return {}
        from google.cloud.bigquery.retry import DEFAULT_RETRY

        left = max(self._ends_at - time.monotonic(), 0.1)
        return {"timeout": left, "retry": DEFAULT_RETRY.with_timeout(left)}

    def explained(self, name: str, error: Exception, parameters: Mapping[str, Any] | None = None) -> str:
        """Return what BigQuery's refusal of a statement means, and what mends it where that is known."""
        if told := bigquery_refusals.too_dear(self.config, name, error, parameters):
            return f"{name}: {told}"
        return f"{name}: {bigquery_refusals.explained(self, error)}"
