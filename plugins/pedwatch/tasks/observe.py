"""The task that loads what the collectors wrote: one load job an hour, a row per cluster (docs/design.md#d5)."""

import base64
import datetime as dt
import gzip
import hashlib
import json
import logging
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from pedwatch.config import Config
from pedwatch.cycles import compact, hour_partition, hours_to_load, in_hour
from pedwatch.errors import LedgerError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.loading import (
    StoredObject,
    lost_objects,
    promised_rows,
    too_much_is_lost,
    unvouched,
    would_fall,
)
from pedwatch.observations.manifests import (
    MANIFEST_COLUMNS,
    UnreadableManifestError,
    lost_attempt,
    lost_run,
    parse_manifest,
    read_run,
)

if TYPE_CHECKING:
    from google.cloud import storage

log = logging.getLogger(__name__)

MAX_SOURCES = 10_000
"""URIs that a load job of BigQuery takes; a wildcard is one."""
READERS = 8
"""Downloads at once: 200 clusters have 2,400 manifests at the end of an hour; the client keeps ten connections."""


def read_manifests(client: "storage.Client", bucket: str, hour: dt.datetime) -> list[dict[str, Any]]:
    """Read all manifests of an hour; of an unreadable one the attempt is lost, as far as its name tells which."""
    from google.api_core.exceptions import NotFound
    from google.cloud.storage.blob import DataCorruption  # type: ignore[import-untyped]

    def read(blob: "storage.Blob") -> dict[str, Any] | None:
        name = f"gs://{bucket}/{blob.name}"
        try:
            return parse_manifest(blob.download_as_bytes(), name)
        except (UnreadableManifestError, NotFound, DataCorruption) as error:
            log.error("manifest ignored: %s", error)
            return lost_attempt(name, str(error).removeprefix(f"{name}: "))

    blobs = list(client.list_blobs(bucket, prefix=f"manifests/hour={hour_partition(hour)}/"))
    with ThreadPoolExecutor(READERS) as readers:
        return [told for told in readers.map(read, blobs) if told is not None]


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
    return StoredObject(f"gs://{blob.bucket.name}/{blob.name}", md5)


def _rows_in(client: "storage.Client", uris: Iterable[str]) -> dict[str, Counter[dt.datetime]]:
    """Count the rows of objects that nobody vouches for, by cycle; there are few, each a pod that was killed.

    What cannot be read is left out: it was never loaded either.
    """
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud import storage

    rows = {}
    for uri in uris:
        try:
            content = gzip.decompress(storage.Blob.from_uri(uri, client=client).download_as_bytes(raw_download=True))
            cycles = [dt.datetime.fromisoformat(json.loads(line)["cycle"]) for line in content.splitlines()]
        except (GoogleAPICallError, OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
            log.error("data object ignored: %s, for which no manifest vouches: %s", uri, type(error).__name__)
            continue
        rows[uri] = Counter(cycles)
    return rows


def _refused(hour: dt.datetime, reasons: list[str]) -> LedgerError:
    return LedgerError(f"hour {hour_partition(hour)} is not loaded, it stays as it is: {' '.join(reasons)}")


def load_hour(
    warehouse: Warehouse,
    client: "storage.Client",
    config: Config,
    hour: dt.datetime,
    manifests: list[dict[str, Any]],
    present: Mapping[dt.datetime, int],
) -> tuple[int, dict[str, str]]:
    """Replace the hour's partition with all its objects: atomic, free, and the same however often it runs.

    ``present`` are the rows that its cycles have now.

    Returns:
        How many rows it has then; the objects that manifests name and that are lost, with what to do.

    Raises:
        LedgerError: rows would become fewer, or most of what is loaded is lost: the hour is left as it is. Or fewer
            rows arrived than the manifests promise.
    """
    prefix = f"obs/hour={hour_partition(hour)}/"
    objects = [item for blob in client.list_blobs(config.bucket, prefix=prefix) if (item := _stored(blob))]
    lost = lost_objects(manifests, objects)
    promised = promised_rows(told for told in manifests if told["evidence_object"] not in lost)
    lost_rows = promised_rows(told for told in manifests if told["evidence_object"] in lost)
    nobodys = unvouched(manifests, objects)
    left_out = {*lost, *nobodys}
    chosen = [item.uri for item in objects if item.uri not in left_out]
    coming, kept = promised, Counter(present) - lost_rows
    if would_fall(kept, coming):  # or only rows that nobody vouches for are on top
        rows = _rows_in(client, nobodys)
        chosen += rows
        coming = sum(rows.values(), promised)
    if reasons := would_fall(kept, coming) + too_much_is_lost(present, coming, lost):
        raise _refused(hour, reasons)
    for reason in lost.values():
        log.error("evidence lost: %s", reason)
    if not chosen:
        log.warning("no cluster delivered anything in hour %s", hour_partition(hour))
        return 0, lost
    if len(chosen) == len(objects):
        uris: str | list[str] = f"gs://{config.bucket}/{prefix}*.ndjson.gz"
    elif len(chosen) > MAX_SOURCES:
        raise _refused(hour, [f"{len(chosen)} objects are sound and some are not; a load takes {MAX_SOURCES} by name."])
    else:
        uris = chosen
    return warehouse.replace_partition("replica_observations", hour_partition(hour), uris, promised.total()), lost


def record_observations(
    warehouse: Warehouse,
    client: "storage.Client",
    config: Config,
    cycle: dt.datetime,
    found: Mapping[str, Any],
    now: dt.datetime,
) -> dict[str, Any]:
    """Load the cycle's hour and write one ``collection_runs`` row per expected cluster.

    ``found`` is what ``pedwatch.tasks.discover.find_clusters`` returned.

    Returns:
        ``rows``: observation rows now in the loaded hours; ``seen`` and ``blind``: clusters of this cycle;
        ``limits_known_at``: how fresh the limits were meanwhile, ISO; None when they were never synced.

    Raises:
        LedgerError: a guard of the load objects, or it is too late to load this cycle's hour.
    """
    manifests: list[dict[str, Any]] = []
    lost: dict[str, str] = {}
    loaded = 0
    hours = hours_to_load(cycle, now)
    if not hours:
        raise LedgerError(
            f"the hour of cycle {compact(cycle)} began more than two hours ago: it is evidence now and never loaded "
            "again. To judge this cycle anew, clear the whole run or run a backfill over it."
        )
    span = {"cycle": cycle, "first_hour": hours[0], "last_hour": hours[-1]}
    before = warehouse.run("observations/before_load.sql", span)[0]
    for hour in hours:
        of_hour = read_manifests(client, config.bucket, hour)
        present = {row["cycle"]: row["row_count"] for row in before["loaded"] if in_hour(row["cycle"], hour)}
        rows, of_hour_lost = load_hour(warehouse, client, config, hour, of_hour, present)
        loaded += rows
        lost |= of_hour_lost
        manifests += of_hour
    expected = {cluster["name"]: cluster["environment"] for cluster in found["clusters"]}
    runs = [read_run(run) for run in found["runs"]]
    listed = expected | {run["cluster"]: run["environment"] for run in runs}
    places = found.get("places", {})
    nowhere = (None, None)  # configured, so that nobody asks where
    # Of an hour there are twelve manifests for every cluster: what owns its cycle already need not travel again.
    recorded = {(row["cycle"], row["cluster"]) for row in before["recorded"]}
    recorded -= {(told["cycle"], told["cluster"]) for told in manifests if told["evidence_object"] in lost}
    manifests = [
        lost_run(told, lost[told["evidence_object"]]) if told["evidence_object"] in lost else told
        for told in manifests
        if told["environment"] or told["cluster"] in listed
    ]
    news = [
        told | {"environment": told["environment"] or listed[told["cluster"]]}
        for told in manifests
        if (told["cycle"], told["cluster"]) not in recorded
    ]
    warehouse.write(
        "observations/record_collection.sql",
        {
            "cycle": cycle,
            "recorded_at": now,
            "manifests": Typed(MANIFEST_COLUMNS, news + runs),
            "lost": Typed("ARRAY<STRING>", sorted(lost)),
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
    complete = {m["cluster"] for m in manifests if m["cycle"] == cycle and m["status"] == "complete"}
    blind = sorted(expected.keys() - complete)
    log.info("cycle %s: %s clusters seen, blind: %s", compact(cycle), len(complete), ", ".join(blind) or "none")
    known_at = before["limits_known_at"]
    return {
        "rows": loaded,
        "seen": sorted(complete),
        "blind": blind,
        "limits_known_at": known_at.isoformat() if known_at else None,
    }
