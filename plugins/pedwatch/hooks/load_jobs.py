"""Appends objects in load jobs whose id says which state of the table they load into: of two who saw it one loads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse

if TYPE_CHECKING:
    from google.cloud import bigquery

_RACES = 5
"""So often another task may take the number of a job first."""


def look_at(warehouse: Warehouse, table: str) -> "bigquery.Table":
    """Return a table as it is now, for `append`.

    Raises:
        LedgerError: BigQuery refused, or did not answer.
    """
    with warehouse.told(f"table {table}"):
        return warehouse.client.get_table(warehouse.address(table))


def append(warehouse: Warehouse, table: "bigquery.Table", uris: Sequence[str], rows: int) -> int:
    """Append NDJSON objects to a table in one load job, unless it was modified since it was looked at.

    BigQuery has each job id once: this job's is when the table was modified last, so that of two who saw the same
    table, or of one and its own retry, one loads. What is in it must be asked after `look_at`.

    Args:
        warehouse: has the table.
        table: as it was looked at.
        uris: ``gs://`` address of each object, 10,000 at most.
        rows: how many they hold.

    Raises:
        LedgerError: somebody loaded meanwhile, or the load failed: nothing was appended. Or it brought another
            number of rows.
    """
    from google.cloud import bigquery

    shown = f"load of {len(uris)} object{'s' if len(uris) > 1 else ''}, {uris[0]} first"
    config = bigquery.LoadJobConfig(
        schema=table.schema,
        source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        create_disposition=bigquery.CreateDisposition.CREATE_NEVER,  # a table made by a load has no partitions
    )
    with warehouse.told(shown):
        job = _begun(warehouse.client, warehouse.config.location, table, uris, config)
        job.result()
    if job.output_rows != rows:
        raise LedgerError(f"{shown}: {job.output_rows} rows, but the manifests promise {rows}")
    return int(job.output_rows)


def _begun(
    client: "bigquery.Client",
    location: str,
    table: "bigquery.Table",
    uris: Sequence[str],
    config: "bigquery.LoadJobConfig",
) -> "bigquery.LoadJob":
    """Begin a load; a job of the same id that failed has changed nothing, so that the next number is taken.

    However many have failed: only a load that succeeds moves the table on, and what failed today may be right tomorrow.

    Raises:
        LedgerError: another task loads what it saw in the same state of the table.
        google.api_core.exceptions.GoogleAPICallError: BigQuery refused.
    """
    from google.api_core.exceptions import Conflict

    stem = f"pedwatch-{table.dataset_id}-{table.table_id}-{table.modified:%Y%m%dT%H%M%S%f}"
    number = 0
    for _ in range(_RACES):
        job_id = f"{stem}-{number}"
        try:
            return client.load_table_from_uri(
                uris, table.reference, job_id=job_id, job_config=config, location=location
            )
        except Conflict:
            other = client.get_job(job_id, location=location)
            if not other.done() or other.error_result is None:
                break
            number = _first_unused(client, location, stem, number)
    raise LedgerError(f"{table.table_id} is loaded by another task meanwhile; try again")


def _first_unused(client: "bigquery.Client", location: str, stem: str, used: int) -> int:
    """Return the first number that is not taken, behind one that is: each was taken when all before it were.

    Asks for two jobs for each doubling of how many there are, and not for all.
    """
    step = 1
    while _is_job(client, location, f"{stem}-{used + step}"):
        used, step = used + step, 2 * step
    unused = used + step
    while unused - used > 1:
        middle = (used + unused) // 2
        used, unused = (middle, unused) if _is_job(client, location, f"{stem}-{middle}") else (used, middle)
    return unused


def _is_job(client: "bigquery.Client", location: str, job_id: str) -> bool:
    from google.api_core.exceptions import NotFound

    try:
        client.get_job(job_id, location=location)
    except NotFound:
        return False
    return True
