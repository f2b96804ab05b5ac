"""Changing a table's schema: what BigQuery allows, and the ALTERs of the DuckDB table."""

from dataclasses import dataclass

from sandbox.bigquery.errors import invalid
from sandbox.bigquery.model import Field, TableMeta, TableRef
from sandbox.bigquery.names import physical_name, quote
from sandbox.bigquery.physical_tables import column_definition
from sandbox.bigquery.sql.types import duckdb_type

_WIDENINGS = {
    ("INTEGER", "NUMERIC"), ("INTEGER", "BIGNUMERIC"), ("INTEGER", "FLOAT"),
    ("NUMERIC", "BIGNUMERIC"), ("NUMERIC", "FLOAT"),
}  # fmt: skip


@dataclass(frozen=True)
class Allowed:
    """Which changes a request may make."""

    addition: bool = False
    relaxation: bool = False
    widening: bool = False
    omission: bool = False
    """Whether columns of the table may be left out of the given schema (they stay)."""


PATCH = Allowed(addition=True, relaxation=True, widening=True)
"""What tables.patch and tables.update may do."""


def merged_fields(ref: TableRef, old: list[Field], new: list[Field], allowed: Allowed) -> list[Field]:
    """The table's schema after a request that gives ``new``; raises ``invalid`` for a change that is not allowed."""
    return _Merge(ref, allowed).fields(old, new, "")


class _Merge:
    def __init__(self, ref: TableRef, allowed: Allowed) -> None:
        self._ref = ref
        self._allowed = allowed

    def _refuse(self, why: str) -> None:
        raise invalid(f"Provided Schema does not match Table {self._ref}. {why}")

    def fields(self, old: list[Field], new: list[Field], prefix: str) -> list[Field]:
        given = {field["name"].lower(): field for field in new}
        merged = []
        for field in old:
            changed = given.pop(field["name"].lower(), None)
            if changed is None:
                if not self._allowed.omission:
                    self._refuse(f"Field {prefix}{field['name']} is missing in new schema")
                merged.append(field)
            else:
                merged.append(self._field(field, changed, prefix))
        return merged + [self._added(field, prefix) for field in given.values()]

    def _added(self, field: Field, prefix: str) -> Field:
        if not self._allowed.addition:
            self._refuse(f"Cannot add fields (field: {prefix}{field['name']})")
        if field.get("mode") == "REQUIRED":
            self._refuse(f"Cannot add required fields to an existing schema. (field: {prefix}{field['name']})")
        return field

    def _field(self, old: Field, new: Field, prefix: str) -> Field:
        path = prefix + old["name"]
        merged = {**old, **new, "name": old["name"], "mode": self._mode(old, new, path)}
        if new.get("fields") or old["type"] == "RECORD":
            self._same_type(old, new, path)
            merged["fields"] = self.fields(old["fields"], new.get("fields") or [], path + ".")
        elif (old["type"], new["type"]) in _WIDENINGS and self._allowed.widening:
            merged["type"] = new["type"]
        else:
            self._same_type(old, new, path)
        return merged

    def _same_type(self, old: Field, new: Field, path: str) -> None:
        if old["type"] != new["type"]:
            self._refuse(f"Field {path} has changed type from {old['type']} to {new['type']}")

    def _mode(self, old: Field, new: Field, path: str) -> str:
        before, after = old.get("mode") or "NULLABLE", new.get("mode") or "NULLABLE"
        relaxed = (before, after) == ("REQUIRED", "NULLABLE")
        if before != after and not (relaxed and self._allowed.relaxation):
            self._refuse(f"Field {path} has changed mode from {before} to {after}")
        return after


def alterations(meta: TableMeta, fields: list[Field]) -> list[str]:
    """The statements that bring the DuckDB table of ``meta`` to ``fields`` (as ``merged_fields`` answered)."""
    table = f"ALTER TABLE {physical_name(meta.ref)}"
    old = {field["name"].lower(): field for field in meta.fields}
    statements = []
    for field in fields:
        before = old.get(field["name"].lower())
        if before is None:
            statements.append(f"{table} ADD COLUMN {column_definition(field)}")
            continue
        column = f"ALTER COLUMN {quote(field['name'])}"
        if duckdb_type(before) != duckdb_type(field):
            statements.append(f"{table} {column} SET DATA TYPE {duckdb_type(field)}")
        if before.get("mode") == "REQUIRED" and field.get("mode") != "REQUIRED":
            statements.append(f"{table} {column} DROP NOT NULL")
    return statements
