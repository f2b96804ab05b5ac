"""SQL functions, table functions and procedures: kept as the text that created them."""

from typing import Any

from sandbox.bigquery.errors import already_exists, not_found
from sandbox.bigquery.sql import nodes as n
from sandbox.bigquery.sql.environment import Environment
from sandbox.bigquery.sql.parser import parse_script


class Routines:
    """The routines a session can call: its temporary ones and those of datasets."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.temporary: dict[tuple[str, str], n.Create] = {}

    def find(self, path: list[str], kind: str) -> n.Create | None:
        """The routine a call names, or None."""
        parts = [piece for part in path for piece in part.split(".")]
        if len(parts) == 1:
            found = self.temporary.get((kind, parts[0].lower()))
            if found is not None or self.environment.default_dataset is None:
                return found
        if len(parts) > 3 or (
            len(parts) == 2 and parts[0].upper() in ("SAFE", "NET", "HLL_COUNT", "KEYS", "AEAD", "ML")
        ):
            return None
        ref = self.environment.table_ref(parts)
        text = self._stored(ref.project, ref.dataset, ref.table, kind)
        if text is None:
            return None
        statement = parse_script(text)[0]
        assert isinstance(statement, n.Create)
        return statement

    def _stored(self, project: str, dataset: str, name: str, kind: str) -> str | None:
        row = self.environment.cursor.execute(
            "SELECT body FROM _bq.routines WHERE project = ? AND dataset = ? AND lower(name) = lower(?) AND kind = ?",
            [project, dataset, name, kind],
        ).fetchone()
        return str(row[0]) if row else None

    def create(self, node: n.Create) -> str:
        """Keep a routine; answers CREATE, SKIP or REPLACE."""
        if node.temporary or (
            node.kind == "FUNCTION" and len(node.path) == 1 and self.environment.default_dataset is None
        ):
            self.temporary[node.kind, node.path[0].lower()] = node
            return "CREATE"
        ref = self.environment.table_ref(node.path)
        self.environment.catalog.get_dataset(ref.project, ref.dataset)
        exists = self._stored(ref.project, ref.dataset, ref.table, node.kind) is not None
        if exists and node.if_not_exists:
            return "SKIP"
        if exists and not node.or_replace:
            raise already_exists("Routine", str(ref))
        self._delete([ref.project, ref.dataset, ref.table, node.kind])
        self.environment.cursor.execute(
            "INSERT INTO _bq.routines VALUES (?, ?, ?, ?, ?)",
            [ref.project, ref.dataset, ref.table, node.kind, node.text],
        )
        return "REPLACE" if exists else "CREATE"

    def drop(self, node: n.Drop) -> None:
        """Forget a routine."""
        key = (node.kind, node.path[-1].lower())
        if len(node.path) == 1 and key in self.temporary:
            del self.temporary[key]
            return
        ref = self.environment.table_ref(node.path)
        if self._stored(ref.project, ref.dataset, ref.table, node.kind) is None:
            if node.if_exists:
                return
            raise not_found("Routine", str(ref))
        self._delete([ref.project, ref.dataset, ref.table, node.kind])

    def _delete(self, key: list[Any]) -> None:
        self.environment.cursor.execute(
            "DELETE FROM _bq.routines WHERE project = ? AND dataset = ? AND lower(name) = lower(?) AND kind = ?", key
        )
