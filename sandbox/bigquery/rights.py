"""What may not be done: everything may, but for what was taken away, since all who ask are nobody here.

``PUT /rights`` with ``{"bigquery.tables.getData": ["p:d", "p:d.t"], "bigquery.jobs.create": ["p"]}`` takes these
permissions away on these projects, datasets (and all in them) and tables; ``{}`` gives all back. Refusals are in the
service's words; like the service's, they do not tell whether the resource is there.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.bigquery.errors import BigQueryError, invalid
from sandbox.bigquery.model import TableRef


class Rights:
    """The permissions that were taken away, by resource."""

    def __init__(self) -> None:
        self._denied: Mapping[str, frozenset[str]] = {}

    def deny(self, denied: Any) -> None:
        """Take away exactly these."""
        if not isinstance(denied, dict) or not all(isinstance(names, list) for names in denied.values()):
            raise invalid("An object is expected: by permission, the list of its resources")
        self._denied = {permission: frozenset(names) for permission, names in denied.items()}

    def check_project(self, permission: str, project: str) -> None:
        """Refuse what needs a permission on a project."""
        if project in self._denied.get(permission, ()):
            raise _denied("Project", project, f"User does not have {permission} permission in project {project}.")

    def check_dataset(self, permission: str, project: str, dataset: str) -> None:
        """Refuse what needs a permission on a dataset."""
        name = f"{project}:{dataset}"
        if name in self._denied.get(permission, ()):
            raise _denied("Dataset", name, f"Permission {permission} denied on dataset {name} (or it may not exist).")

    def check_table(self, permission: str, table: TableRef) -> None:
        """Refuse what needs a permission on a table."""
        if self._is_denied(permission, table):
            raise _denied(
                "Table", str(table), f"Permission {permission} denied on table {table} (or it may not exist)."
            )

    def check_query(self, table: TableRef) -> None:
        """Refuse a statement that reads a table."""
        if self._is_denied("bigquery.tables.getData", table):
            words = f"User does not have permission to query table {table}, or perhaps it does not exist."
            raise _denied("Table", str(table), words)

    def _is_denied(self, permission: str, table: TableRef) -> bool:
        denied = self._denied.get(permission, ())
        return str(table) in denied or f"{table.project}:{table.dataset}" in denied


def _denied(kind: str, name: str, words: str) -> BigQueryError:
    return BigQueryError(403, "accessDenied", f"Access Denied: {kind} {name}: {words}")
