"""REST: tables."""

from typing import Any

from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.errors import BigQueryError, invalid, not_implemented
from sandbox.bigquery.http_exchange import NO_CONTENT, Answer, Request, Routes
from sandbox.bigquery.listing import page_of
from sandbox.bigquery.model import TableMeta, TableRef
from sandbox.bigquery.service import Service
from sandbox.bigquery.storage import transaction
from sandbox.bigquery.table_resource import table_etag, table_resource, table_summary


class TableRoutes:
    """Handlers of tables.*."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        tables = "projects/{project}/datasets/{dataset}/tables"
        routes.add("GET", tables, self.list)
        routes.add("GET", tables + "/{table}", self.get)
        routes.add("PATCH", tables + "/{table}", self.patch)
        routes.add("DELETE", tables + "/{table}", self.delete)

    def list(self, request: Request, project: str, dataset: str) -> Answer:
        """tables.list."""
        with self._service.snapshot() as (catalog, _):
            metas = catalog.list_tables(project, dataset)
        shown, token = page_of(metas, request.query)
        tables = [table_summary(meta) for meta in shown]
        total = {"totalItems": len(metas)}
        return Answer({"kind": "bigquery#tableList", "etag": "list", "tables": tables, **total, **token})

    def get(self, request: Request, project: str, dataset: str, table: str) -> Answer:
        """tables.get."""
        ref = whole_table(project, dataset, table)
        self._service.rights.check_table("bigquery.tables.get", ref)
        with self._service.snapshot() as (catalog, _):
            return Answer(_resource(catalog, catalog.get(ref)))

    def patch(self, request: Request, project: str, dataset: str, table: str) -> Answer:
        """tables.patch: how long the partitions of a table are kept, and nothing else."""
        ref, body = whole_table(project, dataset, table), request.body("Table")
        wanted = body.get("timePartitioning")
        if others := sorted(body.keys() - {"timePartitioning", "tableReference"}):
            raise not_implemented(f"tables.patch of {', '.join(others)}")
        if not isinstance(wanted, dict):
            raise not_implemented("tables.patch of no timePartitioning")
        with self._service.catalog() as (catalog, cursor), catalog.write_lock(ref), transaction(cursor):
            meta = catalog.get(ref)
            if request.headers.get("if-match", table_etag(meta)) != table_etag(meta):
                raise BigQueryError(412, "conditionNotMet", "Precondition check failed.")
            meta.time_partitioning = _kept(meta, wanted)
            catalog.save(meta)
            return Answer(_resource(catalog, meta))

    def delete(self, request: Request, project: str, dataset: str, table: str) -> Answer:
        """tables.delete."""
        ref = whole_table(project, dataset, table)
        with self._service.catalog() as (catalog, cursor), catalog.write_lock(ref), transaction(cursor):
            catalog.drop_table(ref)
        return Answer(status=NO_CONTENT)


def whole_table(project: str, dataset: str, table: str) -> TableRef:
    """The table of a request's path, which may name none of its partitions."""
    if "$" in table:
        raise not_implemented(f"a request for one partition, as {table}; only load jobs take a decorator")
    return TableRef(project, dataset, table)


def _kept(meta: TableMeta, wanted: dict[str, Any]) -> dict[str, Any]:
    """The partitioning of a table with another expiration: how a table is parted cannot be changed."""
    there = {name: value for name, value in (meta.time_partitioning or {}).items() if name != "expirationMs"}
    asked = {name: value for name, value in wanted.items() if name != "expirationMs" and value is not None}
    if not there or there != asked:
        raise invalid("Cannot change partitioning spec for a partitioned table.")
    expires = wanted.get("expirationMs")
    if expires is None:
        return there
    if not str(expires).isdigit() or int(expires) <= 0:
        raise invalid(f"Invalid value for expirationMs: {expires}")
    return {**there, "expirationMs": str(expires)}


def _resource(catalog: Catalog, meta: TableMeta) -> dict[str, Any]:
    location = catalog.get_dataset(meta.ref.project, meta.ref.dataset)["location"]
    return table_resource(meta, catalog.count_rows(meta), catalog.modified_ms(meta), location)
