"""What BigQuery's refusals mean here: one sentence that names the table and what mends it."""

import contextlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pedwatch.byte_budgets import in_words, subjects_for
from pedwatch.config import Config
from pedwatch.errors import PedwatchError
from pedwatch.hooks import applied_schema

if TYPE_CHECKING:
    from google.cloud import bigquery

    from pedwatch.hooks.warehouse import Warehouse

# What BigQuery says of a dataset or a table that is not there, or not where the job is; requests that are no jobs are
# told without the location.
_MISSING = ("Not found: Dataset ", "Not found: Table ")
_NO_COLUMN = re.compile(
    r"Unrecognized name: `?(\w+)|Name `?(\w+)`? not found inside|Column `?(\w+)`? is not present in table"
    r"|No such field: (\w+)"
)
_TOO_DEAR = re.compile(r"exceeded limit for bytes billed: (\d+)\. (\d+) or higher required")
_DENIED = re.compile(r"Access Denied: (?P<kind>\w+) ")
_GRANTS = {
    "Table": "roles/bigquery.dataEditor on dataset {dataset} (dataViewer is enough to read)",
    "Dataset": "roles/bigquery.dataEditor on dataset {dataset} (dataViewer is enough to read)",
    "Project": "roles/bigquery.jobUser on project {project}",
    "File": "roles/storage.objectUser on bucket {bucket}",
}
"""By what was denied, the grant of deploy/iam/bindings.yaml that permits it."""


def elsewhere(dataset: "bigquery.Dataset", config: Config) -> str:
    """Return the sentence about a dataset in another location than the configured one."""
    return (
        f"dataset {config.dataset} is in {dataset.location}, but location in pedwatch.yaml is {config.location}: set "
        f"location: {dataset.location} there, since a dataset cannot be moved."
    )


def explained(warehouse: "Warehouse", error: Exception) -> str:
    """Return what a refusal means; BigQuery's own words where that is not known. Asks for metadata only."""
    message = str(getattr(error, "message", None) or error)
    first = str(((getattr(error, "errors", None) or [{}])[0]).get("message", message)).rstrip(". ")
    if any(missing in message for missing in _MISSING):
        return _missing(warehouse, first)
    if denied := _DENIED.search(message):
        return f"{first}. {_grant(denied['kind'], warehouse.config)}"
    if column := _NO_COLUMN.search(message):
        return _without_column(warehouse, next(filter(None, column.groups()))) or message
    return message


def too_dear(config: Config, name: str, error: Exception, parameters: Mapping[str, Any] | None) -> str | None:
    """Say that a statement would bill more than it may, by which setting, and what to change; None of other errors."""
    refused = _TOO_DEAR.search(str(error))
    if refused is None:
        return None
    limit, needed = map(int, refused.groups())
    enough = subjects_for(name, needed, parameters)
    return (
        f"it would bill {in_words(needed)}, and may bill {in_words(limit)} by cost_guard.subjects: "
        f"{config.cost_guard.subjects} in pedwatch.yaml. Nothing was read. If a cycle judges more subjects than that, "
        f"or its tables hold many years, set cost_guard.subjects: {enough} there; else find out why it reads so much."
    )


def _missing(warehouse: "Warehouse", first: str) -> str:
    from google.api_core.exceptions import GoogleAPICallError

    config = warehouse.config
    with contextlib.suppress(GoogleAPICallError):
        dataset = warehouse.client.get_dataset(f"{config.project}.{config.dataset}")
        if warehouse.is_elsewhere(dataset):
            return elsewhere(dataset, config)
    return f"{first}. Run the DAG ped_housekeeping once: it creates the dataset and its tables."


def _grant(kind: str, config: Config) -> str:
    grant = _GRANTS.get(kind, _GRANTS["Dataset"])
    named = grant.format(dataset=config.dataset, project=config.project, bucket=config.bucket)
    return f"Grant {named} to the account that runs this, see docs/deployment.md."


def _without_column(warehouse: "Warehouse", column: str) -> str | None:
    """Say which table lacks the column; None when all have it that should, and the statement is wrong."""
    from google.api_core.exceptions import GoogleAPICallError

    with contextlib.suppress(GoogleAPICallError, PedwatchError):
        for difference in applied_schema.differing(warehouse, column):
            remedy = applied_schema.remedy(warehouse, difference)
            return f"table {warehouse.config.dataset}.{difference.table} has no column {column}: {remedy}."
    return None
