"""Load jobs: files from an upload or gs://, staged under a schema, written as one."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from sandbox.bigquery import objects
from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.job_runner import Work
from sandbox.bigquery.load_formats import BadRecord, CsvFormat, NdjsonFormat, Record, SourceFile, TextFormat
from sandbox.bigquery.load_parquet import stage_parquet
from sandbox.bigquery.model import Field, TableMeta
from sandbox.bigquery.row_values import RowDecoder, Rules
from sandbox.bigquery.schema import read_fields
from sandbox.bigquery.staging import Staged, stage
from sandbox.bigquery.table_write import Destination, Rows, write

_MOST_REPORTED_ERRORS = 5
_TEXT_FORMATS: dict[str, type[TextFormat]] = {"NEWLINE_DELIMITED_JSON": NdjsonFormat, "CSV": CsvFormat}


def perform(work: Work) -> None:
    """Run a load job."""
    settings = work.job.settings()
    if work.job.is_dry_run:
        raise invalid("Dry run is not supported for load jobs")
    _refuse_unsupported(settings)
    destination = Destination.of(settings, "WRITE_APPEND")
    work.catalog.get_dataset(destination.table.project, destination.table.dataset)  # told before what the files lack
    if destination.create != "CREATE_NEVER":  # also where the table is there
        work.catalog.rights.check_dataset(
            "bigquery.tables.create", destination.table.project, destination.table.dataset
        )
    work.catalog.rights.check_table("bigquery.tables.updateData", destination.table)
    work.jobs.mark_started(work.job, work.cursor)
    files = _files(settings, work.media)
    meta = work.catalog.find(destination.table)
    loader = _Loader(work, settings, files, meta)
    staged, has_schema = loader.stage(truncates=destination.write == "WRITE_TRUNCATE" and not destination.partition)
    count = write(work.catalog, work.cursor, destination, Rows.staged(staged, has_schema=has_schema))
    size = sum(len(file.data) for file in files)
    work.job.statistics["load"] = {
        "inputFiles": str(len(files)),
        "inputFileBytes": str(size),
        "outputRows": str(count),
        "outputBytes": str(size),
        "badRecords": str(loader.bad_records),
    }


_UNSUPPORTED = (
    "hivePartitioningOptions", "decimalTargetTypes", "destinationEncryptionConfiguration", "columnNameCharacterMap",
    "preserveAsciiControlCharacters", "connectionProperties", "fileSetSpecType", "jsonExtension", "timeZone",
    "dateFormat", "datetimeFormat", "timeFormat", "timestampFormat", "nullMarkers", "referenceFileSchemaUri",
)  # fmt: skip


def _refuse_unsupported(settings: dict[str, Any]) -> None:
    for name in _UNSUPPORTED:
        if settings.get(name):
            raise not_implemented(f"the load option {name}")


def _files(settings: dict[str, Any], media: bytes | None) -> list[SourceFile]:
    if media is not None:
        return [SourceFile("", media)]
    uris = settings.get("sourceUris") or []
    if not uris:
        raise invalid("Required parameter is missing: sourceUris")
    found = chain.from_iterable(objects.expand(uri) for uri in uris)
    return [SourceFile(stored.uri, objects.read(stored)) for stored in dict.fromkeys(found)]


class _Loader:
    def __init__(self, work: Work, settings: dict[str, Any], files: list[SourceFile], meta: TableMeta | None) -> None:
        self._work = work
        self._settings = settings
        self._files = files
        self._columns = [] if meta is None else meta.fields
        self._format = (settings.get("sourceFormat") or "CSV").upper()
        self._bad: list[BadRecord] = []
        self.bad_records = 0

    def stage(self, *, truncates: bool) -> tuple[Staged, bool]:
        """Stage the rows; also answers whether they come with a schema for the table."""
        given = read_fields(self._settings.get("schema"))
        if self._format == "PARQUET":
            known = given or ([] if truncates else self._columns)
            return stage_parquet(self._work.cursor, self._files, known, exactly=bool(given)), True
        if self._format not in _TEXT_FORMATS:
            raise not_implemented(f"loading {self._format} files")
        source = _TEXT_FORMATS[self._format](self._settings, self._files)
        fields, has_schema = self._schema(source, given, truncates)
        staged = stage(self._work.cursor, fields, self._good(source, fields), _optional(fields))
        self._judge(source.name, staged.rows)
        return staged, has_schema

    def _schema(self, source: TextFormat, given: list[Field], truncates: bool) -> tuple[list[Field], bool]:
        if given:
            return _with_defaults(given, self._columns), True
        if self._settings.get("autodetect"):
            detected = source.detect()
            if not detected and not self._columns:
                raise invalid("Schema has no fields: there is nothing in the files to detect it from")
            if not detected:
                return self._columns, False
            return (detected if truncates else _as_in_table(detected, self._columns)), True
        if not self._columns:
            raise invalid("No schema specified on job or table.")
        return self._columns, False

    def _good(self, source: TextFormat, fields: list[Field]) -> Iterator[dict[str, Any]]:
        record: Record
        for record in source.records(fields):
            if isinstance(record, BadRecord):
                self.bad_records += 1
                if len(self._bad) < _MOST_REPORTED_ERRORS:
                    self._bad.append(record)
            else:
                yield record

    def _judge(self, kind: str, good: int) -> None:
        """Fail when there were more bad records than the job may skip."""
        if not self.bad_records:
            return
        most = int(self._settings.get("maxBadRecords") or 0)
        details = [_proto(f"Error while reading data, error message: {bad.message}", bad.uri) for bad in self._bad]
        self._work.job.errors = details
        if self.bad_records <= most:
            return
        counts = f"Rows: {good + self.bad_records}; errors: {self.bad_records}"
        summary = f"Error while reading data, error message: {kind} processing encountered too many errors, giving up."
        self._work.job.errors = [_proto(f"{summary} {counts}; max bad: {most}; error percent: 0", ""), *details]
        raise invalid(
            f"Error while reading data, error message: {kind} table encountered too many errors, giving up. {counts}. "
            "Please look into the errors[] collection for more details."
        )


def _proto(message: str, uri: str) -> dict[str, str]:
    return {"reason": "invalid", "message": message} | ({"location": uri} if uri else {})


def _optional(fields: list[Field]) -> list[str]:
    return RowDecoder(fields, Rules()).optional


def _with_defaults(given: list[Field], columns: list[Field]) -> list[Field]:
    """A load's schema need not repeat the defaults of the table's columns."""
    defaults = {column["name"].lower(): column.get("defaultValueExpression") for column in columns}
    completed = []
    for field in given:
        default = field.get("defaultValueExpression") or defaults.get(field["name"].lower())
        completed.append({**field, "defaultValueExpression": default} if default else field)
    return completed


def _as_in_table(detected: list[Field], columns: list[Field]) -> list[Field]:
    """Detected fields, but typed as the table's columns where it has them."""
    known = {column["name"].lower(): column for column in columns}
    return [known.get(field["name"].lower(), field) for field in detected]
