"""REST: tables and views."""

from typing import Any

from duckdb import DuckDBPyConnection

from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.errors import BigQueryError, invalid
from sandbox.bigquery.http_exchange import NO_CONTENT, Answer, Request, Routes
from sandbox.bigquery.information_schema import ROW_BYTES
from sandbox.bigquery.listing import check_labels, page_of
from sandbox.bigquery.model import TableMeta, TableRef
from sandbox.bigquery.names import physical_name
from sandbox.bigquery.partitions import SUMMARY_DECORATOR, named_partition, split_decorator
from sandbox.bigquery.query_results import RESULTS_DATASET, anonymous_result
from sandbox.bigquery.schema import read_fields
from sandbox.bigquery.service import Service
from sandbox.bigquery.sql.session import Session
from sandbox.bigquery.storage import transaction
from sandbox.bigquery.table_changes import change_table
from sandbox.bigquery.table_resource import (
    apply_partitioning,
    refuse_unsupported,
    rest_reference,
    table_etag,
    table_resource,
    table_summary,
)
from sandbox.bigquery.tabledata import SUMMARY_FIELDS


class TableRoutes:
    """Handlers of tables.*."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        tables = "projects/{project}/datasets/{dataset}/tables"
        routes.add("GET", tables, self.list)
        routes.add("POST", tables, self.insert)
        routes.add("GET", tables + "/{table}", self.get)
        routes.add("PATCH", tables + "/{table}", self.patch)
        routes.add("PUT", tables + "/{table}", self.update)
        routes.add("DELETE", tables + "/{table}", self.delete)

    def list(self, request: Request, project: str, dataset: str) -> Answer:
        """tables.list."""
        with self._service.snapshot() as (catalog, _):
            metas = catalog.list_tables(project, dataset)
        shown, token = page_of(metas, request.query)
        tables = [table_summary(meta) for meta in shown]
        total = {"totalItems": len(metas)}
        return Answer({"kind": "bigquery#tableList", "etag": "list", "tables": tables, **total, **token})

    def insert(self, request: Request, project: str, dataset: str) -> Answer:
        """tables.insert: a table or a view."""
        body = request.body("Table")
        table = (body.get("tableReference") or {}).get("tableId")
        if not isinstance(table, str) or not table:
            raise invalid("Required parameter is missing: tableReference.tableId")
        refuse_unsupported(body)
        ref = TableRef(project, dataset, table)
        meta = TableMeta(ref, fields=read_fields(body.get("schema")))
        with self._service.catalog() as (catalog, cursor), catalog.write_lock(ref):
            catalog.get_dataset(project, dataset)
            _describe(meta, body)
            if body.get("view") or body.get("materializedView"):
                _define_view(catalog, cursor, meta, body)
            else:
                apply_partitioning(meta, body)
            catalog.create_table(meta, cursor=cursor)
            return Answer(_resource(catalog, meta))

    def get(self, request: Request, project: str, dataset: str, table: str) -> Answer:
        """tables.get; ``t$__PARTITIONS_SUMMARY__`` is the meta table that lists a table's partitions."""
        if dataset == RESULTS_DATASET:
            return Answer(self._anonymous(project, table))
        name, partition = split_decorator(table)
        self._service.rights.check_table("bigquery.tables.get", TableRef(project, dataset, name))
        with self._service.snapshot() as (catalog, _):
            meta = catalog.get(TableRef(project, dataset, name))
            resource = _resource(catalog, meta)
            if partition == SUMMARY_DECORATOR:
                reference = rest_reference(TableRef(project, dataset, table))
                return Answer({**resource, "tableReference": reference, "schema": {"fields": SUMMARY_FIELDS}})
            if partition:
                named_partition(meta, partition)
            return Answer(resource)

    def _anonymous(self, project: str, table: str) -> dict[str, Any]:
        result = anonymous_result(self._service.jobs, project, table)
        meta = TableMeta(TableRef(project, RESULTS_DATASET, table), fields=result.fields)
        return table_resource(meta, len(result.rows), "US", ROW_BYTES)

    def patch(self, request: Request, project: str, dataset: str, table: str) -> Answer:
        """tables.patch: what the body names; null removes."""
        return self._change(request, TableRef(project, dataset, table), request.body("Table"))

    def update(self, request: Request, project: str, dataset: str, table: str) -> Answer:
        """tables.update: what the body does not name is removed."""
        body = dict.fromkeys(("description", "friendlyName", "expirationTime", "labels", "requirePartitionFilter"))
        return self._change(request, TableRef(project, dataset, table), body | request.body("Table"))

    def _change(self, request: Request, ref: TableRef, body: dict[str, Any]) -> Answer:
        refuse_unsupported(body)
        check_labels(body.get("labels"))
        with self._service.catalog() as (catalog, cursor), catalog.write_lock(ref), transaction(cursor):
            meta = catalog.get(ref)
            wanted = request.headers.get("If-Match")
            if wanted and wanted not in ("*", table_etag(meta)):
                raise BigQueryError(412, "conditionNotMet", "Precondition check failed.")
            if body.get("view") or body.get("materializedView"):
                if meta.kind != ("VIEW" if body.get("view") else "MATERIALIZED_VIEW"):
                    raise invalid(f"Cannot change the type of {ref}, which is a {meta.kind}")
                _define_view(catalog, cursor, meta, body)
            change_table(cursor, meta, body)
            catalog.save(meta, cursor=cursor)
            return Answer(_resource(catalog, meta))

    def delete(self, request: Request, project: str, dataset: str, table: str) -> Answer:
        """tables.delete; with a partition decorator only that partition's rows."""
        name, partition = split_decorator(table)
        ref = TableRef(project, dataset, name)
        with self._service.catalog() as (catalog, cursor), catalog.write_lock(ref), transaction(cursor):
            if partition is None:
                catalog.drop_table(ref, cursor=cursor)
            else:
                meta = catalog.get(ref)
                condition = named_partition(meta, partition).condition
                cursor.execute(f"DELETE FROM {physical_name(ref)} WHERE {condition}")
                catalog.touch(ref, cursor=cursor)
        return Answer(status=NO_CONTENT)


def _describe(meta: TableMeta, body: dict[str, Any]) -> None:
    meta.description = body.get("description")
    meta.friendly_name = body.get("friendlyName")
    check_labels(body.get("labels"))
    meta.labels = body.get("labels") or {}
    if body.get("expirationTime"):
        meta.expiration_ms = int(body["expirationTime"])


def _define_view(catalog: Catalog, cursor: DuckDBPyConnection, meta: TableMeta, body: dict[str, Any]) -> None:
    """Set the view's query; the query must work, and gives the view its columns."""
    view = body.get("view") or body.get("materializedView") or {}
    meta.kind = "VIEW" if body.get("view") else "MATERIALIZED_VIEW"
    if not isinstance(view.get("query"), str) or not view["query"].strip():
        raise invalid("Required parameter is missing: view.query")
    if view.get("useLegacySql") and ("[" in view["query"]):
        raise invalid("Legacy SQL views are not possible here; set view.useLegacySql to false")
    described = Session(catalog, cursor, meta.ref.project).describe(view["query"])
    descriptions = {field["name"].lower(): field for field in meta.fields}
    meta.view_query = view["query"]
    meta.fields = [
        {**field, **{k: v for k, v in descriptions.get(field["name"].lower(), {}).items() if k == "description"}}
        for field in described.fields
    ]


def _resource(catalog: Catalog, meta: TableMeta) -> dict[str, Any]:
    location = catalog.get_dataset(meta.ref.project, meta.ref.dataset)["location"]
    return table_resource(meta, catalog.count_rows(meta), location, ROW_BYTES)
