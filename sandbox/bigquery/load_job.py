"""Load jobs: files of NDJSON from an upload or gs://, staged under a table's schema, written as one."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from sandbox.bigquery import objects
from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.job_runner import Work
from sandbox.bigquery.ndjson_rows import BadRecord, SourceFile, read_records
from sandbox.bigquery.schema import read_fields
from sandbox.bigquery.staging import stage
from sandbox.bigquery.table_write import Destination, check_schema, write

_MOST_REPORTED_ERRORS = 5
_READ = ("destinationTable", "sourceUris", "sourceFormat", "schema", "writeDisposition", "createDisposition")


def perform(work: Work) -> None:
    """Run a load job."""
    settings = work.job.settings()
    if work.job.is_dry_run:
        raise invalid("Dry run is not supported for load jobs")
    _refuse_unsupported(settings)
    destination = Destination.of(settings)
    work.catalog.get_dataset(destination.table.project, destination.table.dataset)  # told before what the files lack
    if destination.create != "CREATE_NEVER":  # also where the table is there
        work.catalog.rights.check_dataset(
            "bigquery.tables.create", destination.table.project, destination.table.dataset
        )
    work.catalog.rights.check_table("bigquery.tables.updateData", destination.table)
    files = _files(settings, work.media)
    meta = destination.find(work.catalog)
    given = read_fields(settings.get("schema"))
    if given:
        check_schema(meta, given, whole=destination.write == "WRITE_TRUNCATE" and not destination.partition)
    fields = given or meta.fields
    records = _Records(work)
    records.judge(stage(work.cursor, fields, records.good(read_records(files, fields))))
    count = write(work.catalog, work.cursor, destination, fields)
    size = sum(len(file.data) for file in files)
    work.job.statistics["load"] = {
        "inputFiles": str(len(files)),
        "inputFileBytes": str(size),
        "outputRows": str(count),
        "outputBytes": str(size),
        "badRecords": "0",
    }


def _refuse_unsupported(settings: dict[str, Any]) -> None:
    for name, given in settings.items():
        if given and name not in _READ:
            raise not_implemented(f"the load option {name}")
    kind = (settings.get("sourceFormat") or "CSV").upper()
    if kind != "NEWLINE_DELIMITED_JSON":
        raise not_implemented(f"loading {kind} files")


def _files(settings: dict[str, Any], media: bytes | None) -> list[SourceFile]:
    if media is not None:
        return [SourceFile("", media)]
    uris = settings.get("sourceUris") or []
    if not uris:
        raise invalid("Required parameter is missing: sourceUris")
    found = chain.from_iterable(objects.expand(uri) for uri in uris)
    return [SourceFile(stored.uri, objects.read(stored)) for stored in dict.fromkeys(found)]


class _Records:
    """Lets good records pass, and fails the job for those that do not fit."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._shown: list[BadRecord] = []
        self._bad = 0

    def good(self, records: Iterator[dict[str, Any] | BadRecord]) -> Iterator[dict[str, Any]]:
        """The good ones."""
        for record in records:
            if isinstance(record, BadRecord):
                self._bad += 1
                if len(self._shown) < _MOST_REPORTED_ERRORS:
                    self._shown.append(record)
            else:
                yield record

    def judge(self, good: int) -> None:
        """Fail when there were bad records."""
        if not self._bad:
            return
        details = [_proto(f"Error while reading data, error message: {bad.message}", bad.uri) for bad in self._shown]
        counts = f"Rows: {good + self._bad}; errors: {self._bad}"
        summary = "Error while reading data, error message: JSON processing encountered too many errors, giving up."
        self._work.job.errors = [_proto(f"{summary} {counts}; max bad: 0; error percent: 0", ""), *details]
        raise invalid(
            f"Error while reading data, error message: JSON table encountered too many errors, giving up. {counts}. "
            "Please look into the errors[] collection for more details."
        )


def _proto(message: str, uri: str) -> dict[str, str]:
    return {"reason": "invalid", "message": message} | ({"location": uri} if uri else {})
