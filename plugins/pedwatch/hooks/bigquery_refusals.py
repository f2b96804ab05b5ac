"""What BigQuery's refusals mean here: one sentence that names the table and what mends it."""

import contextlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pedwatch.byte_budgets import in_words, subjects_for
from pedwatch.config import Config
from pedwatch.hooks import applied_schema

if TYPE_CHECKING:
    from google.cloud import bigquery

    from pedwatch.hooks.warehouse import Warehouse

# What BigQuery says of a dataset or a table that is not there, or not where the job is; requests that are no jobs are
# told without the location.
_MISSING = re.compile(r"Not found: (Dataset|Table) (?P<name>[^\s;,]+)")
_NO_COLUMN = re.compile(
    r"Unrecognized name: `?(\w+)|Name `?(\w+)`? not found inside|Column `?(\w+)`? is not present in table"
    r"|No such field: (\w+)"
)
_TOO_DEAR = re.compile(r"exceeded limit for bytes billed: (\d+)\. (\d+) or higher required")
_DENIED = re.compile(r"Access Denied: |does not have .*permission|[Pp]ermission .+ denied")
_APART = re.compile(
    r"Cannot read and write in different locations: source: (?P<bucket>[^\s,]+), destination: (?P<table>\S+)"
)
_REQUEST = re.compile(r"\A(?:GET|POST|PUT|PATCH|DELETE) \S+: ")
"""What Google's client puts before the words of a refused request."""

_MOST_CHARACTERS = 600
"""Of words that are not known: a gateway answers with a page."""
_LOOK_SECONDS = 10.0

_DATA = "roles/bigquery.dataEditor on dataset {dataset} (dataViewer is enough to read)"
_OBJECTS = "roles/storage.objectUser on bucket {bucket}"
_GRANTS = {
    "bigquery.jobs.": "roles/bigquery.jobUser on project {project}",
    "storage.": _OBJECTS,
    "Access Denied: File ": _OBJECTS,
    "Access Denied: Table ": _DATA,
    "Access Denied: Dataset ": _DATA,
    "bigquery.tables.": _DATA,
    "bigquery.datasets.": _DATA,
}
"""By what a denial names, the first that it does, the grant of deploy/iam/bindings.yaml that permits it."""


def elsewhere(dataset: "bigquery.Dataset", config: Config) -> str:
    """Return the sentence about a dataset in another location than the configured one."""
    return (
        f"dataset {config.dataset} is in {dataset.location}, but location in pedwatch.yaml is {config.location}: set "
        f"location: {dataset.location} there, since a dataset cannot be moved."
    )


def explained(warehouse: "Warehouse", error: Exception) -> str:
    """Return what a refusal means; BigQuery's own words where that is not known. Asks for metadata only."""
    sentences = _sentences(error)
    known = (told for sentence in sentences if (told := _meaning(warehouse, sentence)))
    return next(known, sentences[0])


def not_logged_in(config: Config, error: Exception) -> str:
    """Return the sentence about credentials that are not there, or that Google does not take."""
    return (
        f"BigQuery was not asked, there are no valid credentials ({type(error).__name__}: {_shortened(str(error))}): "
        f"mend the Airflow connection {config.connections.google} or the account it is; at a shell, log in with gcloud "
        "auth application-default login"
    )


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


def _sentences(error: Exception) -> list[str]:
    """Return what an error says, the whole first, then its details: a load tells there what was wrong with the rows."""
    details = [str(entry.get("message") or "") for entry in getattr(error, "errors", None) or []]
    whole = _REQUEST.sub("", str(getattr(error, "message", None) or error)).partition("\n\nLocation: ")[0]
    return [_shortened(text) for text in dict.fromkeys([whole, *details]) if text] or [type(error).__name__]


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…"


def _meaning(warehouse: "Warehouse", sentence: str) -> str | None:
    """Return a sentence with what mends it, None where that is not known."""
    config, said = warehouse.config, sentence.rstrip(". ")
    if missing := _MISSING.search(sentence):
        return _missing(warehouse, missing["name"], said)
    if _DENIED.search(sentence):
        return _denied(config, said)
    if apart := _APART.search(sentence):
        return (
            f"{said}. Bucket {config.bucket} is in {apart['bucket']} and dataset {config.dataset} in {apart['table']}: "
            f"create a bucket in {apart['table']} and name it as bucket: in pedwatch.yaml."
        )
    if column := _NO_COLUMN.search(sentence):
        return _without_column(warehouse, next(filter(None, column.groups())))
    return None


def _missing(warehouse: "Warehouse", name: str, said: str) -> str | None:
    from google.cloud.bigquery.retry import DEFAULT_RETRY

    config = warehouse.config
    if re.split(r"[:.]", name.strip("`."))[-2:].count(config.dataset) != 1:
        return None  # such as a result that BigQuery no longer keeps
    with contextlib.suppress(Exception):  # nothing that is asked for an explanation may take its place
        soon = DEFAULT_RETRY.with_timeout(_LOOK_SECONDS)
        dataset = warehouse.client.get_dataset(f"{config.project}.{config.dataset}", retry=soon, timeout=_LOOK_SECONDS)
        if warehouse.is_elsewhere(dataset):
            return elsewhere(dataset, config)
    return f"{said}. Run the DAG ped_housekeeping once: it creates the dataset and its tables."


def _denied(config: Config, said: str) -> str | None:
    if "bigquery.datasets.create" in said:
        made = f"bq mk --location {config.location} {config.project}:{config.dataset}"
        return f"{said}. Create the dataset as somebody who may ({made}), see docs/deployment.md."
    grant = next((grant for named, grant in _GRANTS.items() if named in said), None)
    if grant is None:
        return None
    named = grant.format(dataset=config.dataset, project=config.project, bucket=config.bucket)
    return f"{said}. Grant {named} to the account that runs this, see docs/deployment.md."


def _without_column(warehouse: "Warehouse", column: str) -> str | None:
    """Say which table lacks the column; None when all have it that should, and the statement is wrong."""
    with contextlib.suppress(Exception):
        for difference in applied_schema.differing(warehouse, column):
            remedy = applied_schema.remedy(warehouse, difference)
            return f"table {warehouse.config.dataset}.{difference.table} has no column {column}: {remedy}."
    return None
