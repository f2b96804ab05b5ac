"""The probe's own dataset: made empty, known again by name and label, removed at the end or by the next run.

It is never one that somebody else made: what has the name but not the label is left alone, and said so.
"""

import contextlib
import datetime as dt
import logging
import os
import re
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pedwatch.config import Config
from pedwatch.errors import ProbeError

if TYPE_CHECKING:
    from google.cloud import bigquery

log = logging.getLogger(__name__)

PREFIX = "pedwatch_probe_"
LABEL = "pedwatch_probe"
"""Its value says which process made the dataset: ``<machine>-<process id>``."""
EXPIRES_AFTER = dt.timedelta(hours=6)
_STRANGER_MAY_TAKE = dt.timedelta(hours=1)


def dataset_name(config: Config) -> str:
    """Return the name of the dataset that the probe of a configuration works in."""
    return f"{PREFIX}{config.dataset}"


def owner() -> str:
    """Return who makes the dataset, as a label's value."""
    machine = re.sub(r"[^a-z0-9_-]", "-", socket.gethostname().lower())[:40]
    return f"{machine}-{os.getpid()}"


@contextlib.contextmanager
def empty_dataset(client: "bigquery.Client", config: Config, now: dt.datetime) -> Iterator[str]:
    """Remove what killed runs have left, make the dataset, and remove it afterwards whatever happened.

    Raises:
        ProbeError: there is a dataset of this name that the probe did not make, or another probe is using it.
        google.api_core.exceptions.GoogleAPICallError: BigQuery refused.
    """
    from google.api_core.exceptions import Conflict
    from google.cloud import bigquery

    remove_left(client, config, now)
    name = f"{config.project}.{dataset_name(config)}"
    dataset = bigquery.Dataset(name)
    dataset.location = config.location
    dataset.description = (
        f"Made by `python -m pedwatch probe` at {now:%Y-%m-%d %H:%M} UTC and removed by it: holds nothing of value"
    )
    dataset.labels = {LABEL: owner()}
    dataset.default_table_expiration_ms = int(EXPIRES_AFTER.total_seconds() * 1000)
    try:
        client.create_dataset(dataset)
    except Conflict:
        raise ProbeError(f"dataset {name} was made by somebody else a moment ago: run the probe again") from None
    try:
        yield dataset_name(config)
    finally:
        client.delete_dataset(name, delete_contents=True, not_found_ok=True)


def remove_left(client: "bigquery.Client", config: Config, now: dt.datetime) -> list[str]:
    """Remove the datasets of earlier runs of the probe, and return their names.

    Raises:
        ProbeError: the dataset that is needed now is not the probe's, or is in use by another run of it.
    """
    removed = []
    for item in client.list_datasets(config.project):
        if not item.dataset_id.startswith(PREFIX):
            continue
        is_needed = item.dataset_id == dataset_name(config)
        maker = item.labels.get(LABEL)
        if maker is None:
            if is_needed:
                raise ProbeError(
                    f"dataset {config.project}.{item.dataset_id} was not made by the probe, for it lacks the label "
                    f"{LABEL}: it is left alone. Rename or remove it, or probe with another dataset: in pedwatch.yaml."
                )
            continue
        full = client.get_dataset(item.reference)
        if _is_in_use(maker, full.created or now, now):
            if is_needed:
                raise ProbeError(
                    f"dataset {config.project}.{item.dataset_id} is in use by another probe ({maker}, since "
                    f"{full.created:%H:%M} UTC): wait for its end, or remove the dataset"
                )
            continue
        client.delete_dataset(item.reference, delete_contents=True, not_found_ok=True)
        removed.append(item.dataset_id)
        log.info("removed %s, which a probe that did not end has left", item.dataset_id)
    return removed


def _is_in_use(maker: str, created: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether its maker may still be at work: of another machine nobody knows, so it is given an hour."""
    machine, _, process = owner().rpartition("-")
    whose, _, number = maker.rpartition("-")
    if whose != machine or not number.isdigit():
        return now - created < _STRANGER_MAY_TAKE
    return number != process and _is_alive(int(number))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
