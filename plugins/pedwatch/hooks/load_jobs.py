"""Begins load jobs whose id says which state of the table they load into, so that of two who saw the same one loads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pedwatch.errors import LedgerError

if TYPE_CHECKING:
    from google.cloud import bigquery

_RACES = 5
"""So often another task may take the number of a job first."""


def begin_load(
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
