"""Loads what the collectors wrote of a cycle: one load job, a row per cluster (docs/design.md#d5)."""

import base64
import datetime as dt
import hashlib
import logging
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from pedwatch.config import Config
from pedwatch.cycles import compact, hour_partition, hours_to_load
from pedwatch.errors import LedgerError
from pedwatch.hooks import load_jobs
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.attempts import Loaded, StoredObject, attempt_of, lost_objects, objection_to, to_load
from pedwatch.observations.manifests import (
    MANIFEST_COLUMNS,
    UnreadableManifestError,
    is_news,
    lost_attempt,
    lost_run,
    parse_manifest,
    read_run,
)

if TYPE_CHECKING:
    from google.cloud import bigquery, storage

log = logging.getLogger(__name__)

Recorded = Mapping[tuple[dt.datetime, str], tuple[str, str]]
"""Status and attempt of what is recorded, by cycle and cluster."""
READERS = 8
"""Downloads at once; the client keeps ten connections."""


def read_manifests(
    client: "storage.Client", bucket: str, hour: dt.datetime, recorded: Recorded
) -> list[dict[str, Any]]:
    """Read the manifests of an hour that may be news: a cycle's own, and those of earlier cycles that came late.

    Of an unreadable one the attempt is lost, as far as its name tells.
    """
    from google.api_core.exceptions import NotFound
    from google.cloud.storage.blob import DataCorruption  # type: ignore[import-untyped]

    def read(blob: "storage.Blob") -> dict[str, Any] | None:
        name = _address(blob)
        try:
            return parse_manifest(blob.download_as_bytes(), name)
        except (UnreadableManifestError, NotFound, DataCorruption) as error:
            log.error("manifest ignored: %s", error)
            return lost_attempt(name, str(error).removeprefix(f"{name}: "))

    blobs = client.list_blobs(bucket, prefix=f"manifests/hour={hour_partition(hour)}/")
    news = [blob for blob in blobs if is_news(_address(blob), recorded)]
    with ThreadPoolExecutor(READERS) as readers:
        return [told for told in readers.map(read, news) if told is not None]


def _address(blob: "storage.Blob") -> str:
    return f"gs://{blob.bucket.name}/{blob.name}"


def _stored(blob: "storage.Blob") -> StoredObject | None:
    """Return what the bucket has; None where it was deleted since it was listed."""
    from google.api_core.exceptions import NotFound

    # Only objects that were composed or rewritten have no MD5: those are read.
    md5 = blob.md5_hash
    if md5 is None:
        try:
            content = blob.download_as_bytes(raw_download=True)
        except NotFound:
            return None
        md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    return StoredObject(_address(blob), md5)


def load_attempts(
    warehouse: Warehouse,
    client: "storage.Client",
    table: "bigquery.Table",
    manifests: list[dict[str, Any]],
    loaded: Loaded,
) -> tuple[int, dict[str, str]]:
    """Load what attempts wrote, in one job, as far as it is not loaded: however often it runs, each row is there once.

    Returns:
        How many rows were loaded; the objects that manifests name and that are lost, with what to do.

    Raises:
        LedgerError: somebody loaded meanwhile, the load failed, or it brought another number of rows.
    """
    from google.api_core.exceptions import BadRequest

    bucket = warehouse.config.bucket
    cycles = {told["cycle"] for told in manifests if told["evidence_object"] and attempt_of(told) not in loaded}
    objects = [
        item
        for cycle in sorted(cycles)
        for blob in client.list_blobs(bucket, prefix=f"obs/hour={hour_partition(cycle)}/{compact(cycle)}/")
        if (item := _stored(blob))
    ]
    lost = lost_objects(manifests, objects, loaded)
    for reason in lost.values():
        log.error("evidence lost: %s", reason)
    chosen = to_load(manifests, loaded, lost)
    if not chosen:
        return 0, lost
    try:
        return load_jobs.append(warehouse, table, sorted(chosen), sum(chosen.values())), lost
    except LedgerError as error:
        # One bad object would stop all clusters, in every cycle as long as its hour is loaded.
        is_refused = isinstance(error.__cause__, BadRequest)
        if not is_refused or not (spoilt := spoilt_objects(client, manifests, chosen)):
            raise
    for reason in spoilt.values():
        log.error("evidence lost: %s", reason)
    lost = {**lost, **spoilt}
    chosen = to_load(manifests, loaded, lost)
    return (load_jobs.append(warehouse, table, sorted(chosen), sum(chosen.values())) if chosen else 0), lost


def spoilt_objects(
    client: "storage.Client", manifests: list[dict[str, Any]], chosen: Collection[str]
) -> dict[str, str]:
    """Return which of the objects are not what their manifests say, with what to do: by reading each of them.

    Asked when a load failed: their MD5 is that of their manifests, as where the collector itself wrote half of one.
    """
    from google.api_core.exceptions import NotFound
    from google.cloud.storage.blob import DataCorruption

    def read(told: dict[str, Any]) -> tuple[str, str] | None:
        uri = told["evidence_object"]
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        try:
            content = client.bucket(bucket).blob(name).download_as_bytes(raw_download=True)
        except (NotFound, DataCorruption) as error:
            return uri, f"its data object {uri} cannot be read ({type(error).__name__}): restore it"
        objection = objection_to(content, told["row_count"], told["content_sha256"])
        return (uri, f"its data object {uri} {objection}: nothing restores it") if objection else None

    with ThreadPoolExecutor(READERS) as readers:
        found = readers.map(read, [told for told in manifests if told["evidence_object"] in chosen])
        return dict(entry for entry in found if entry is not None)


def record_observations(
    warehouse: Warehouse,
    client: "storage.Client",
    config: Config,
    cycle: dt.datetime,
    found: Mapping[str, Any],
    now: dt.datetime,
) -> dict[str, Any]:
    """Load what was collected in the cycle, and write one ``collection_runs`` row per expected cluster.

    ``found`` is what ``found_clusters.find_clusters`` returned. What came late of the cycles before, in the hour or
    early in the next one, is loaded and recorded as well.

    Returns:
        ``rows``: observation rows loaded; ``seen`` and ``blind``: clusters of this cycle;
        ``limits_known_at``: how fresh the limits were meanwhile; None when they were never synced.

    Raises:
        LedgerError: it is too late to load this cycle, or the load failed.
    """
    hours = hours_to_load(cycle, now)
    if not hours:
        raise LedgerError(
            f"the hour of cycle {compact(cycle)} began more than two hours ago: it is evidence now and never loaded "
            "again. To judge this cycle anew, clear the whole run or run a backfill over it."
        )
    # Looked at first: what is asked then has in it all that this state of the table has.
    table = load_jobs.look_at(warehouse, "replica_observations")
    span = {"cycle": cycle, "first_hour": hours[0], "last_hour": hours[-1]}
    before = warehouse.run("observations/before_load.sql", span)[0]
    loaded = {attempt_of(row): row["row_count"] for row in before["loaded"]}
    recorded = {(row["cycle"], row["cluster"]): (row["status"], row["attempt_id"]) for row in before["recorded"]}
    manifests = [told for hour in hours for told in read_manifests(client, config.bucket, hour, recorded)]
    rows, lost = load_attempts(warehouse, client, table, manifests, loaded)
    expected = {cluster["name"]: cluster["environment"] for cluster in found["clusters"]}
    runs = [read_run(run) for run in found["runs"]]
    listed = expected | {run["cluster"]: run["environment"] for run in runs}
    places = found.get("places", {})
    nowhere = (None, None)  # configured, so that nobody asks where
    told_of = [
        lost_run(told, lost[told["evidence_object"]]) if told["evidence_object"] in lost else told for told in manifests
    ]
    news = [
        told | {"environment": told["environment"] or listed[told["cluster"]]}
        for told in told_of
        if told["environment"] or told["cluster"] in listed
    ]
    warehouse.write(
        "observations/record_collection.sql",
        {
            "cycle": cycle,
            "recorded_at": now,
            "manifests": Typed(MANIFEST_COLUMNS, news + runs),
            "configured": Typed(
                {"cluster": "STRING", "environment": "STRING", "project": "STRING", "location": "STRING"},
                [
                    {"cluster": name, "environment": environment}
                    | dict(zip(("project", "location"), places.get(name, nowhere), strict=True))
                    for name, environment in listed.items()
                ],
            ),
            "retired": Typed("ARRAY<STRING>", config.retired_clusters),
        },
    )
    of_cycle = [told for told in news if told["cycle"] == cycle]
    complete = {told["cluster"] for told in of_cycle if told["status"] == "complete"}
    complete |= {cluster for (at, cluster), (status, _) in recorded.items() if (at, status) == (cycle, "complete")}
    blind = sorted(expected.keys() - complete)
    log.info("cycle %s: %s clusters seen, blind: %s", compact(cycle), len(complete), ", ".join(blind) or "none")
    for told in of_cycle:
        if told["cluster"] in blind:
            log.warning("%s: %s (%s): %s", told["cluster"], told["status"], told["error_class"], told["error_message"])
    return {"rows": rows, "seen": sorted(complete), "blind": blind, "limits_known_at": before["limits_known_at"]}
