"""Where a job runs that does not say so: BigQuery takes the location of the first dataset that the request names."""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.bigquery.catalog import DEFAULT_LOCATION, Catalog

_PATH = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_REFERENCES = ("destinationTable", "defaultDataset", "sourceTable")


def location_of(catalog: Catalog, project: str, configuration: dict[str, Any]) -> str:
    """The location of a job without one; US where its request names no dataset that there is."""
    for name in _named(project, configuration):
        found = catalog.find_dataset(*name)
        if found is not None:
            return str(found["location"])
    return DEFAULT_LOCATION


def _named(project: str, configuration: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Project and dataset of all that could be a dataset's name in a request."""
    for settings in configuration.values():
        if not isinstance(settings, dict):
            continue
        references = [settings.get(name) for name in _REFERENCES] + list(settings.get("sourceTables") or [])
        for reference in references:
            if reference and reference.get("datasetId"):
                yield reference.get("projectId") or project, reference["datasetId"]
        # A path in a text or a comment is taken for a name too; it seldom is that of a dataset.
        for path in _PATH.findall(str(settings.get("query") or "").replace("`", "")):
            parts = path.split(".")
            yield parts[0], parts[1]
            yield project, parts[0]
