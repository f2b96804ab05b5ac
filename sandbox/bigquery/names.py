"""Names of datasets and tables: what BigQuery allows, and how they are spelled inside DuckDB."""

import re
import unicodedata

from sandbox.bigquery.errors import BigQueryError, invalid, not_found
from sandbox.bigquery.model import TableRef

_DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}\Z")
_COLUMN = re.compile(r"[^\W\d]\w{0,299}\Z")
_RESERVED_PREFIXES = ("_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier", "_bq_")
_TABLE_CATEGORIES = ("L", "M", "N", "Pc", "Pd", "Zs")


def check_dataset_id(dataset: str) -> None:
    """Refuse a dataset id that BigQuery would refuse."""
    if not _DATASET.match(dataset):
        raise invalid(
            f'Invalid dataset ID "{dataset}". Dataset IDs must be alphanumeric (plus underscores) '
            "and must be at most 1024 characters long."
        )


def check_table_id(table: str) -> None:
    """Refuse a table id that BigQuery would refuse."""
    allowed = all(unicodedata.category(letter).startswith(_TABLE_CATEGORIES) for letter in table)
    if not table or not allowed or len(table.encode()) > 1024:
        raise invalid(
            f'Invalid table ID "{table}". Table IDs must be alphanumeric (plus underscores) and must be at most '
            "1024 characters long. Also, Table decorators cannot be used."
        )


def check_column_names(names: list[str]) -> None:
    """Refuse invalid and (ignoring case, as BigQuery does) repeated column names."""
    seen: set[str] = set()
    for name in names:
        if not _COLUMN.match(name):
            raise invalid(
                f'Invalid field name "{name}". Fields must contain only letters, numbers, and underscores, '
                "start with a letter or underscore, and be at most 300 characters long."
            )
        if name.lower().startswith(_RESERVED_PREFIXES):
            raise invalid(f'Invalid field name "{name}". Field names are not allowed to start with this prefix.')
        if name.lower() in seen:
            raise invalid(f"Field {name} already exists in schema")
        seen.add(name.lower())


def quote(identifier: str) -> str:
    """Quote an identifier for DuckDB."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a string literal for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def _distinguish_case(name: str) -> str:
    """Spell a name so that DuckDB, which ignores case, keeps apart what BigQuery keeps apart."""
    capitals = sum(1 << place for place, letter in enumerate(name) if letter != letter.lower())
    return f"{name}~{capitals:x}" if capitals else name


def physical_schema(project: str, dataset: str) -> str:
    """The quoted DuckDB schema of a dataset."""
    return quote(_distinguish_case(f"{project}:{dataset}"))


def physical_name(ref: TableRef) -> str:
    """The quoted, schema-qualified DuckDB name of a table."""
    return f"{physical_schema(ref.project, ref.dataset)}.{quote(_distinguish_case(ref.table))}"


def dataset_not_found(project: str, dataset: str, location: str | None = None) -> BigQueryError:
    """A dataset is missing; a job looks for it in its own ``location`` and says so, other requests look everywhere."""
    return not_found("Dataset", f"{project}:{dataset}{_where(location)}")


def table_not_found(ref: TableRef, location: str | None = None) -> BigQueryError:
    """A table is missing from a dataset that exists; ``location`` as in ``dataset_not_found``."""
    return not_found("Table", f"{ref}{_where(location)}")


def _where(location: str | None) -> str:
    return f" was not found in location {location}" if location else ""
