"""The task that loads what the collectors wrote: one load job per hour, one row per expected cluster (DESIGN D5)."""

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

from pedwatch.config import Config
from pedwatch.cycles import compact, hour_partition, hours_to_load
from pedwatch.errors import LedgerError
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.manifests import MANIFEST_COLUMNS, UnreadableManifestError, missing_objects, parse_manifest

if TYPE_CHECKING:
    from google.cloud import storage

log = logging.getLogger(__name__)


def read_manifests(client: "storage.Client", bucket: str, hour: dt.datetime) -> list[dict[str, Any]]:
    """Read all manifests of an hour; an unreadable one is logged and its attempt counts as not reported."""
    manifests = []
    for blob in client.list_blobs(bucket, prefix=f"manifests/hour={hour_partition(hour)}/"):
        try:
            manifests.append(parse_manifest(blob.download_as_text(), f"gs://{bucket}/{blob.name}"))
        except UnreadableManifestError as error:
            log.error("manifest ignored: %s", error)
    return manifests


def load_hour(
    warehouse: Warehouse, client: "storage.Client", config: Config, hour: dt.datetime, manifests: list[dict[str, Any]]
) -> int:
    """Replace the hour's partition with all its objects: atomic, free, and the same however often it runs.

    Raises:
        LedgerError: objects named by manifests are missing, or fewer rows arrived than the manifests promise.
    """
    prefix = f"obs/hour={hour_partition(hour)}/"
    objects = [f"gs://{config.bucket}/{blob.name}" for blob in client.list_blobs(config.bucket, prefix=prefix)]
    missing = missing_objects(manifests, objects)
    if missing:
        raise LedgerError(
            f"hour {hour_partition(hour)} is not loaded: {len(missing)} data objects that manifests name are not in "
            f"the bucket, first {missing[0]}. Restore them, or delete their manifests if they are lost."
        )
    if not objects:
        log.warning("no cluster delivered anything in hour %s", hour_partition(hour))
        return 0
    promised = sum(manifest["row_count"] or 0 for manifest in manifests if manifest["evidence_object"])
    return warehouse.replace_partition(
        "replica_observations", hour_partition(hour), f"gs://{config.bucket}/{prefix}*.ndjson.gz", promised
    )


def record_observations(
    warehouse: Warehouse, client: "storage.Client", config: Config, cycle: dt.datetime, now: dt.datetime
) -> dict[str, Any]:
    """Load the cycle's hour and write one ``collection_runs`` row per expected cluster.

    Returns:
        ``rows``: observation rows now in the loaded hours; ``seen`` and ``blind``: clusters of this cycle.
    """
    manifests: list[dict[str, Any]] = []
    loaded = 0
    for hour in hours_to_load(cycle):
        found = read_manifests(client, config.bucket, hour)
        loaded += load_hour(warehouse, client, config, hour, found)
        manifests += found
    warehouse.write(
        "observations/record_collection.sql",
        {
            "cycle": cycle,
            "recorded_at": now,
            "manifests": Typed(MANIFEST_COLUMNS, manifests),
            "configured": Typed(
                {"cluster": "STRING", "environment": "STRING"},
                [{"cluster": cluster.name, "environment": cluster.environment} for cluster in config.clusters],
            ),
            "retired": Typed("ARRAY<STRING>", config.retired_clusters),
        },
    )
    complete = {m["cluster"] for m in manifests if m["cycle"] == cycle and m["status"] == "complete"}
    blind = sorted({cluster.name for cluster in config.clusters} - complete)
    log.info("cycle %s: %s clusters seen, blind: %s", compact(cycle), len(complete), ", ".join(blind) or "none")
    return {"rows": loaded, "seen": sorted(complete), "blind": blind}
