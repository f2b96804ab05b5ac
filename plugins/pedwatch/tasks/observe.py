"""The task that loads what the collectors wrote: one load job per hour, one row per expected cluster (DESIGN D5)."""

import base64
import datetime as dt
import gzip
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from pedwatch.config import Config
from pedwatch.cycles import compact, hour_partition, hours_to_load, in_hour
from pedwatch.errors import LedgerError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.loading import StoredObject, objections, promised_rows, unvouched, would_fall
from pedwatch.observations.manifests import MANIFEST_COLUMNS, UnreadableManifestError, parse_manifest, read_run

if TYPE_CHECKING:
    from google.cloud import storage

log = logging.getLogger(__name__)

READERS = 8
"""Downloads at once: 200 clusters have 2,400 manifests at the end of an hour; the client keeps ten connections."""


def read_manifests(client: "storage.Client", bucket: str, hour: dt.datetime) -> list[dict[str, Any]]:
    """Read all manifests of an hour; an unreadable one is logged and its attempt counts as not reported."""

    def read(blob: "storage.Blob") -> dict[str, Any] | None:
        try:
            return parse_manifest(blob.download_as_text(), f"gs://{bucket}/{blob.name}")
        except UnreadableManifestError as error:
            log.error("manifest ignored: %s", error)
            return None

    blobs = list(client.list_blobs(bucket, prefix=f"manifests/hour={hour_partition(hour)}/"))
    with ThreadPoolExecutor(READERS) as readers:
        return [told for told in readers.map(read, blobs) if told is not None]


def _stored(blob: "storage.Blob") -> StoredObject:
    # Only objects that were composed or rewritten have no MD5: those are read.
    md5 = blob.md5_hash
    if md5 is None:
        content = blob.download_as_bytes(raw_download=True)
        md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    return StoredObject(f"gs://{blob.bucket.name}/{blob.name}", md5)


def _rows_in(client: "storage.Client", uris: list[str]) -> Counter[dt.datetime]:
    """Count the rows of objects that nobody vouches for, by cycle; there are few, each a pod that was killed."""
    from google.cloud import storage

    rows: Counter[dt.datetime] = Counter()
    for uri in uris:
        content = gzip.decompress(storage.Blob.from_uri(uri, client=client).download_as_bytes(raw_download=True))
        rows.update(dt.datetime.fromisoformat(json.loads(line)["cycle"]) for line in content.splitlines())
    return rows


def _refuse(hour: dt.datetime, reasons: list[str]) -> None:
    if reasons:
        raise LedgerError(f"hour {hour_partition(hour)} is not loaded, it stays as it is: {' '.join(reasons)}")


def load_hour(
    warehouse: Warehouse,
    client: "storage.Client",
    config: Config,
    hour: dt.datetime,
    manifests: list[dict[str, Any]],
    present: Mapping[dt.datetime, int],
) -> int:
    """Replace the hour's partition with all its objects: atomic, free, and the same however often it runs.

    ``present`` are the rows that its cycles have now.

    Raises:
        LedgerError: objects that manifests name are missing or changed, or rows would become fewer: the hour is left
            as it is. Or fewer rows arrived than the manifests promise.
    """
    prefix = f"obs/hour={hour_partition(hour)}/"
    objects = [_stored(blob) for blob in client.list_blobs(config.bucket, prefix=prefix)]
    _refuse(hour, objections(manifests, objects))
    promised = promised_rows(manifests)
    if would_fall(present, promised):  # or only rows that nobody vouches for are on top
        _refuse(hour, would_fall(present, promised + _rows_in(client, unvouched(manifests, objects))))
    if not objects:
        log.warning("no cluster delivered anything in hour %s", hour_partition(hour))
        return 0
    return warehouse.replace_partition(
        "replica_observations", hour_partition(hour), f"gs://{config.bucket}/{prefix}*.ndjson.gz", promised.total()
    )


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
        loaded += load_hour(warehouse, client, config, hour, of_hour, present)
        manifests += of_hour
    expected = {cluster["name"]: cluster["environment"] for cluster in found["clusters"]}
    runs = [read_run(run) for run in found["runs"]]
    listed = expected | {run["cluster"]: run["environment"] for run in runs}
    places = found.get("places", {})
    nowhere = (None, None)  # configured, so that nobody asks where
    # Of an hour there are twelve manifests for every cluster: what owns its cycle already need not travel again.
    recorded = {(row["cycle"], row["cluster"]) for row in before["recorded"]}
    news = [manifest for manifest in manifests if (manifest["cycle"], manifest["cluster"]) not in recorded]
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
