"""Finds the clusters of a cycle. What it knows of discovered ones lies in the bucket, one object.

Where each of them is, and in which environment, is in ``collection_runs`` too: that is asked when the object is lost,
so that no cluster is taken for another one then.
"""

import datetime as dt
import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from pedwatch.config import Cluster, Config
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.observations.discovery import ProjectListing, discovery_run, find, unaccepted_run
from pedwatch.observations.places import KnownCluster

if TYPE_CHECKING:
    from google.cloud import storage

log = logging.getLogger(__name__)

KNOWN_OBJECT = "discovery/known_clusters"
_KNOWN = TypeAdapter(list[KnownCluster])


def read_known(client: "storage.Client", bucket: str) -> list[KnownCluster] | None:
    """Read what earlier cycles discovered; None when there is nothing, or nothing readable."""
    from google.api_core.exceptions import NotFound

    try:
        return _KNOWN.validate_json(client.bucket(bucket).blob(KNOWN_OBJECT).download_as_bytes())
    except NotFound:
        return None
    except ValidationError as error:
        log.error("gs://%s/%s is not what was written there, begun anew: %s", bucket, KNOWN_OBJECT, error)
        return None


def recall(warehouse: Warehouse, config: Config, cycle: dt.datetime) -> list[KnownCluster]:
    """Return where discovered clusters were by the last week's ``collection_runs``; their addresses GKE tells anew."""
    return [
        KnownCluster(
            cluster=Cluster(name=row["cluster"], environment=row["environment"], auth=config.discovery.auth),
            project=row["project"],
            location=row["location"],
            listed_at=row["last_cycle"],
        )
        for row in warehouse.run("observations/pinned_clusters.sql", {"cycle": cycle})
    ]


def find_clusters(
    config: Config,
    client: "storage.Client",
    warehouse: Callable[[], Warehouse],
    list_project: Callable[[str], ProjectListing],
    cycle: dt.datetime,
    now: Callable[[], dt.datetime],
) -> dict[str, Any]:
    """Find the clusters of a cycle; discovery that fails costs nothing but news.

    ``warehouse`` is called only where the object of what is known was lost: a usual cycle asks BigQuery nothing here.

    Returns:
        ``clusters``: to collect, and expected; ``runs``: rows of ``collection_runs`` on discovery itself, and on
        clusters that wait to be accepted; ``places``: project and location of what was discovered, by name. As JSON.
    """
    remembered = read_known(client, config.bucket)
    known = remembered or []
    if remembered is None and config.discovery.projects:
        known = recall(warehouse(), config, cycle)
    answers = [(list_project(project), now()) for project in config.discovery.projects]
    found = find(config, [listing for listing, _ in answers], known, cycle)
    runs = [discovery_run(listing, found.undescribed, cycle, at) for listing, at in answers]
    runs += [unaccepted_run(one, cycle, now()) for one in found.unaccepted]
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
    if found.known != remembered and (config.discovery.projects or remembered is not None):
        client.bucket(config.bucket).blob(KNOWN_OBJECT).upload_from_string(
            _KNOWN.dump_json(found.known), content_type="application/json"
        )
    return {
        "clusters": [one.model_dump(mode="json") for one in found.clusters],
        "runs": json.loads(json.dumps(runs, default=dt.datetime.isoformat)),
        "places": {one.cluster.name: [one.project, one.location] for one in found.known},
    }
