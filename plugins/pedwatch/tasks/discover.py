"""The task that finds the clusters of a cycle. What it knows of discovered ones lies in the bucket, one object."""

import datetime as dt
import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from pedwatch.config import Config
from pedwatch.observations.discovery import KnownCluster, ProjectListing, discovery_run, find

if TYPE_CHECKING:
    from google.cloud import storage

log = logging.getLogger(__name__)

KNOWN_OBJECT = "discovery/known_clusters"
_KNOWN = TypeAdapter(list[KnownCluster])


def read_known(client: "storage.Client", bucket: str) -> list[KnownCluster]:
    """Read what earlier cycles discovered; an unreadable memory is logged and begun anew."""
    from google.api_core.exceptions import NotFound

    try:
        return _KNOWN.validate_json(client.bucket(bucket).blob(KNOWN_OBJECT).download_as_bytes())
    except NotFound:
        return []
    except ValidationError as error:
        log.error("gs://%s/%s is not what was written there, begun anew: %s", bucket, KNOWN_OBJECT, error)
        return []


def find_clusters(
    config: Config,
    client: "storage.Client | None",
    list_project: Callable[[str], ProjectListing] | None,
    cycle: dt.datetime,
    now: Callable[[], dt.datetime],
) -> dict[str, Any]:
    """Find the clusters of a cycle; discovery that fails costs nothing but news.

    Returns:
        ``clusters``: to collect, and expected; ``runs``: rows of ``collection_runs`` on discovery itself. As JSON.
    """
    if not config.discovery.projects or client is None or list_project is None:
        return {"clusters": [one.model_dump(mode="json") for one in find(config, [], [], cycle).clusters], "runs": []}
    known = read_known(client, config.bucket)
    answers = [(list_project(project), now()) for project in config.discovery.projects]
    found = find(config, [listing for listing, _ in answers], known, cycle)
    runs = [discovery_run(listing, found.undescribed, cycle, at) for listing, at in answers]
    for note in found.notes:
        log.warning("%s", note)
    for run in runs:
        level = logging.INFO if run["status"] == "complete" else logging.WARNING
        log.log(
            level,
            "%s: %s%s",
            run["cluster"],
            run["status"],
            f" ({run['error_message']})" if run["error_message"] else "",
        )
    if found.known != known:
        client.bucket(config.bucket).blob(KNOWN_OBJECT).upload_from_string(
            _KNOWN.dump_json(found.known), content_type="application/json"
        )
    return {
        "clusters": [one.model_dump(mode="json") for one in found.clusters],
        "runs": json.loads(json.dumps(runs, default=dt.datetime.isoformat)),
    }
