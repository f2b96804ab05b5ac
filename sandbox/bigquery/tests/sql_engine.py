"""Running GoogleSQL in-process on a database in memory, for the tests of the SQL side."""

from collections.abc import Callable
from typing import Any

from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.locks import TableLocks
from sandbox.bigquery.model import Field, StatementResult
from sandbox.bigquery.rights import Rights
from sandbox.bigquery.sql.session import Session
from sandbox.bigquery.storage import Database

PROJECT, DATASET = "p", "d"
_SQL_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


class Engine:
    """A database with one dataset, ``d``, which is the default."""

    def __init__(self) -> None:
        self.database = Database(None)
        self.locks = TableLocks()
        with self.database.cursor() as cursor:
            Catalog(cursor, self.locks, Rights()).create_dataset(PROJECT, DATASET)

    def _with_session(self, work: Callable[[Session], Any], **options: Any) -> Any:
        with self.database.cursor() as cursor:
            catalog = Catalog(cursor, self.locks, Rights())
            return work(Session(catalog, cursor, PROJECT, default_dataset=(PROJECT, DATASET), **options))

    def run(self, sql: str, **options: Any) -> list[StatementResult]:
        """Run a script; ``options`` are the session's."""
        return self._with_session(lambda session: session.run(sql), **options)

    def describe(self, sql: str, **options: Any) -> StatementResult:
        """A dry run."""
        return self._with_session(lambda session: session.describe(sql), **options)

    def rows(self, sql: str, **options: Any) -> list[list[Any]]:
        """The rows of a script's last statement."""
        return [list(row) for row in self.run(sql, **options)[-1].rows]


def type_name(field: Field) -> str:
    """A field's type as GoogleSQL writes it; fields without a name stay without one."""
    kind = field["type"]
    if kind == "RECORD":
        inner = (
            type_name(item) if item["name"].startswith("_field_") else f"{item['name']} {type_name(item)}"
            for item in field["fields"]
        )
        kind = f"STRUCT<{', '.join(inner)}>"
    kind = _SQL_NAMES.get(kind, kind)
    return f"ARRAY<{kind}>" if field["mode"] == "REPEATED" else kind
