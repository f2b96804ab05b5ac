"""BigQuery as this project uses it: named statements, typed parameters, errors that say what to do."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedwatch import sql
from pedwatch.config import Config
from pedwatch.ddl import Column
from pedwatch.errors import LedgerError

if TYPE_CHECKING:
    from google.cloud import bigquery

# BigQuery aborts one of two transactions that touch the same table; running the whole script again is safe because
# every script here is idempotent.
_ABORTED = ("aborted due to concurrent update", "could not serialize access")
_ATTEMPTS = 5
# What BigQuery says of a dataset or a table that is not there, or not where the job is; requests that are no jobs are
# told without the location.
_MISSING = ("Not found: Dataset ", "Not found: Table ")


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
        self._sql_root = sql_root
        self._pause = pause
        self._ends_at: float | None = None

    def within(self, seconds: float) -> "Warehouse":
        """Return a warehouse whose statements all end within so many seconds from now, by a monotonic clock.

        No call waits longer than what is left, and none is retried beyond it. A statement that was cut off may still
        take effect.
        """
        hurried = Warehouse(self.client, self.config, self._sql_root, self._pause)
        hurried._ends_at = time.monotonic() + seconds
        return hurried

    def render(self, name: str, **variables: object) -> str:
        """Return the text of a statement with this dataset filled in."""
        return sql.render(self._sql_root, name, dataset=self.config.dataset, **variables)

    def run(self, name: str, parameters: Mapping[str, Any] | None = None, **variables: object) -> list[dict[str, Any]]:
        """Run a named statement and return its rows as dicts; aborted transactions are run again.

        Raises:
            LedgerError: BigQuery refused; names the statement and, for a missing table, the fix.
        """
        job = self._job(name, parameters or {}, variables)
        return [dict(row.items()) for row in job.result(**self._patience())]

    def stream(self, name: str, parameters: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Run a named SELECT and yield its rows page by page: for results that do not fit into memory."""
        for row in self._job(name, parameters or {}, {}).result():
            yield dict(row.items())

    def table(self, name: str, parameters: Mapping[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
        """Run a named SELECT and return its column names with its rows: also without rows the columns are known."""
        result = self._job(name, parameters, {}).result()
        return [column.name for column in result.schema], [dict(row.items()) for row in result]

    def write(self, name: str, parameters: Mapping[str, Any] | None = None, **variables: object) -> int:
        """Run a named DML statement and return how many rows it changed (0 for scripts, which do not say)."""
        job = self._job(name, parameters or {}, variables)
        return int(job.num_dml_affected_rows or 0)

    def create_dataset(self) -> None:
        """Create the dataset in the configured location unless it is there.

        It is looked for first: who may only edit the dataset may not create it again, not even where it exists.

        Raises:
            LedgerError: the dataset is in another location; names both and the setting.
        """
        from google.api_core.exceptions import NotFound
        from google.cloud import bigquery

        name = f"{self.config.project}.{self.config.dataset}"
        with contextlib.suppress(NotFound):
            if self.is_elsewhere(found := self.client.get_dataset(name)):
                raise LedgerError(self._elsewhere(found))
            return
        dataset = bigquery.Dataset(name)
        dataset.location = self.config.location
        dataset.description = "PED limits, replica observations, verdicts, episodes and the outbox of pedwatch"
        self.client.create_dataset(dataset, exists_ok=True)

    def is_elsewhere(self, dataset: "bigquery.Dataset") -> bool:
        """Return whether the dataset is in another location than the configured one, where no job of ours finds it."""
        return (dataset.location or "").upper() != self.config.location.upper()

    def _elsewhere(self, dataset: "bigquery.Dataset") -> str:
        return (
            f"dataset {self.config.dataset} is in {dataset.location}, but location in pedwatch.yaml is "
            f"{self.config.location}: set location: {dataset.location} there, since a dataset cannot be moved."
        )

    def add_columns(self, table: str, wanted: Sequence[Column]) -> list[str]:
        """Add those columns to a table that it lacks, and return their names; rows that are there have NULL in them.

        Raises:
            LedgerError: BigQuery refused.
        """
        from google.api_core.exceptions import GoogleAPICallError

        name = f"{self.config.project}.{self.config.dataset}.{table}"
        try:
            present = {field.name for field in self.client.get_table(name).schema}
            missing = [column for column in wanted if column.name not in present]
            if missing:
                added = ", ".join(f"ADD COLUMN IF NOT EXISTS {column.addable}" for column in missing)
                self.client.query(f"ALTER TABLE `{name}` {added}", location=self.config.location).result()
        except GoogleAPICallError as error:
            raise LedgerError(self.explained(f"columns of {table}", error)) from error
        return [column.name for column in missing]

    def replace_partition(self, table: str, partition: str, uri: str, least_rows: int) -> int:
        """Replace one partition with the NDJSON objects of a ``gs://`` wildcard, in one load job; return its rows.

        Args:
            table: table of this dataset.
            partition: partition id, e.g. ``2026030210``.
            uri: address of the objects, one ``*`` allowed.
            least_rows: fewer than this is an error: something was lost on the way.

        Raises:
            LedgerError: the load failed (the partition is then as it was), or brought too few rows.
        """
        from google.api_core.exceptions import GoogleAPICallError
        from google.cloud import bigquery

        target = f"{self.config.project}.{self.config.dataset}.{table}"
        try:
            config = bigquery.LoadJobConfig(
                schema=self.client.get_table(target).schema,
                source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
                write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            )
            job = self.client.load_table_from_uri(
                uri, f"{target}${partition}", job_config=config, location=self.config.location
            )
            job.result()
        except GoogleAPICallError as error:
            raise LedgerError(self.explained(f"load of {uri}", error)) from error
        if job.output_rows < least_rows:
            raise LedgerError(f"load of {uri}: {job.output_rows} rows, but the manifests promise {least_rows}")
        return int(job.output_rows)

    def _job(self, name: str, parameters: Mapping[str, Any], variables: Mapping[str, object]) -> Any:
        from google.api_core.exceptions import GoogleAPICallError, RetryError
        from google.cloud import bigquery
        from requests.exceptions import RequestException

        from pedwatch.hooks.parameters import query_parameters

        config = bigquery.QueryJobConfig(
            query_parameters=query_parameters(parameters),
            default_dataset=f"{self.config.project}.{self.config.dataset}",
            labels={"pedwatch": name.removesuffix(".sql").replace("/", "-")},
        )
        text = self.render(name, **variables)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                # By itself the client would submit a failed script again, unseen, under another job id: also one whose
                # work was done, or half of it. Whoever called knows what a repeat means.
                job = self.client.query(
                    text, job_config=config, location=self.config.location, job_retry=None, **self._patience()
                )
                job.result(**self._patience())
            except GoogleAPICallError as error:
                if _is_aborted(error) and attempt < _ATTEMPTS and self._ends_at is None:
                    self._pause(0.5 * 2**attempt)
                    continue
                raise LedgerError(self.explained(name, error)) from error
            except (TimeoutError, RetryError, RequestException) as error:
                raise LedgerError(f"{name}: BigQuery did not answer ({type(error).__name__})") from error
            return job
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _patience(self) -> dict[str, Any]:
        """Return how long the client's next call may take, as its arguments; none where there is no end."""
        if self._ends_at is None:
            return {}
        from google.cloud.bigquery.retry import DEFAULT_RETRY

        left = max(self._ends_at - time.monotonic(), 0.1)
        return {"timeout": left, "retry": DEFAULT_RETRY.with_timeout(left)}

    def explained(self, name: str, error: Exception) -> str:
        """Return what BigQuery's refusal means, and the fix where the dataset or a table of it is missing."""
        from google.api_core.exceptions import GoogleAPICallError

        message = getattr(error, "message", str(error))
        if not any(missing in message for missing in _MISSING):
            return f"{name}: {message}"
        with contextlib.suppress(GoogleAPICallError):
            dataset = self.client.get_dataset(f"{self.config.project}.{self.config.dataset}")
            if self.is_elsewhere(dataset):
                return f"{name}: {self._elsewhere(dataset)}"
        details = getattr(error, "errors", None) or [{}]
        missing = details[0].get("message", message).rstrip(".")
        return f"{name}: {missing}. Run the DAG ped_housekeeping once: it creates the dataset and its tables."
