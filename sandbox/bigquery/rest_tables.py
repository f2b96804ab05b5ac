"""REST: tables."""

from typing import Any

from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.errors import not_implemented
from sandbox.bigquery.http_exchange import NO_CONTENT, Answer, Request, Routes
from sandbox.bigquery.listing import page_of
from sandbox.bigquery.model import TableMeta, TableRef
from sandbox.bigquery.service import Service
from sandbox.bigquery.storage import transaction
from sandbox.bigquery.table_resource import table_resource, table_summary


class TableRoutes:
    """Handlers of tables.*."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        tables = "projects/{project}/datasets/{dataset}/tables"
        routes.add("GET", tables, self.list)
        routes.add("GET", tables + "/{table}", self.get)
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


def _resource(catalog: Catalog, meta: TableMeta) -> dict[str, Any]:
    location = catalog.get_dataset(meta.ref.project, meta.ref.dataset)["location"]
    return table_resource(meta, catalog.count_rows(meta), catalog.modified_ms(meta), location)
