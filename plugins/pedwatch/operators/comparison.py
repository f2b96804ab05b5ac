"""The job that judges a cycle."""

from typing import Any

from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator

from pedwatch.byte_budgets import budget
from pedwatch.config import Config
from pedwatch.hooks import clients

STATEMENT = "verdicts/compare.sql"


class ComparisonOperator(BigQueryInsertJobOperator):
    """Runs the comparison; it leaves tables of a later build alone, and says what BigQuery's refusal means.

    Args:
        config: names project, location and connection.
        configuration: of the job.
        kwargs: of ``BigQueryInsertJobOperator``.
    """

    def __init__(self, *, config: Config, configuration: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(
            configuration=_guarded(configuration, config.cost_guard.subjects),
            gcp_conn_id=config.connections.google,
            project_id=config.project,
            location=config.location,
            durable=False,  # else a cleared or backfilled run finds its finished job and re-compares nothing
            **kwargs,
        )
        self._config = config

    def execute(self, context: Any) -> Any:
        """Run the job.

        Raises:
            NewerSchemaError: the tables are of a later build; nothing was judged.
            LedgerError: BigQuery refused, or did not answer; the message names the table and what mends it, where that
                is known. Nothing was judged.
        """
        with clients.warehouse(self._config).told(STATEMENT):
            return super().execute(context)


def _guarded(configuration: dict[str, Any], subjects: int | None) -> dict[str, Any]:
    """Return the job with what it may bill at most, as all jobs of `pedwatch.hooks.warehouse` have it."""
    if subjects is None:
        return configuration
    allowed = budget(STATEMENT, subjects)
    limits = {
        "maximumBytesBilled": str(allowed.job),
        "scriptOptions": {"statementByteBudget": str(allowed.statement)},
    }
    return configuration | {"query": configuration["query"] | limits}
