"""REST: tabledata.list and tabledata.insertAll."""

from typing import Any

from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.http_exchange import Answer, Request, Routes
from sandbox.bigquery.model import TableRef
from sandbox.bigquery.partitions import split_decorator
from sandbox.bigquery.query_results import RESULTS_DATASET, Page, anonymous_result, rows_page
from sandbox.bigquery.row_values import BadField, RowDecoder, Rules
from sandbox.bigquery.service import Service
from sandbox.bigquery.staging import stage
from sandbox.bigquery.table_resource import rest_reference
from sandbox.bigquery.table_write import Destination, Rows, write
from sandbox.bigquery.tabledata import selected, table_rows

_STOPPED = {"reason": "stopped", "location": "", "debugInfo": "", "message": ""}


class TabledataRoutes:
    """Handlers of tabledata.*."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        table = "projects/{project}/datasets/{dataset}/tables/{table}"
        routes.add("GET", table + "/data", self.list)
        routes.add("POST", table + "/insertAll", self.insert_all)

    def list(self, request: Request, project: str, dataset: str, table: str) -> Answer:
        """tabledata.list."""
        page, names = Page(dict(request.query)), request.query.get("selectedFields")
        if dataset == RESULTS_DATASET:
            result = anonymous_result(self._service.jobs, project, table)
            fields = selected(result.fields, names)
            places = [result.fields.index(field) for field in fields]
            shown = result.rows[page.start : page.start + page.size(len(fields))]
            rows, total = ([[row[place] for place in places] for row in shown], len(result.rows))
        else:
            ref = TableRef(project, dataset, split_decorator(table)[0])
            self._service.rights.check_table("bigquery.tables.getData", ref)
            with self._service.snapshot() as (catalog, cursor):
                found = table_rows(catalog, cursor, TableRef(project, dataset, table), page, names)
            fields, rows, total = found.fields, found.rows, found.total
        return Answer({"kind": "bigquery#tableDataList", "etag": "data", **rows_page(fields, rows, total, page)})

    def insert_all(self, request: Request, project: str, dataset: str, table: str) -> Answer:
        """tabledata.insertAll: the good rows if bad ones may be skipped, else all or none."""
        body = request.body("TableDataInsertAllRequest")
        if body.get("templateSuffix"):
            raise not_implemented("insertAll with a templateSuffix")
        rows = body.get("rows")
        if not isinstance(rows, list) or not rows:
            raise invalid("No rows present in the request.")
        ref = TableRef(project, dataset, split_decorator(table)[0])
        with self._service.catalog() as (catalog, cursor):
            meta = catalog.get(ref)
            rules = Rules(ignore_unknown=bool(body.get("ignoreUnknownValues")), streamed=True, json_is_text=True)
            batch = _Batch(RowDecoder(meta.fields, rules), rows)
            if not batch.errors or body.get("skipInvalidRows"):
                with catalog.write_lock(ref):
                    ids = self._service.streamed_ids
                    fresh = batch.fresh(lambda insert_id: ids.is_known(ref, insert_id))
                    destination = Destination.of(
                        {"destinationTable": rest_reference(TableRef(project, dataset, table))}, "WRITE_APPEND"
                    )
                    staged = stage(cursor, meta.fields, fresh, batch.optional)
                    write(catalog, cursor, destination, Rows.staged(staged, has_schema=False))
                    ids.remember(ref, batch.ids())
        return Answer(
            {"kind": "bigquery#tableDataInsertAllResponse", **batch.report(bool(body.get("skipInvalidRows")))}
        )


class _Batch:
    """The rows of one insertAll, each decoded or in error."""

    def __init__(self, decode: RowDecoder, rows: list[Any]) -> None:
        self.optional = decode.optional
        self.errors: dict[int, dict[str, str]] = {}
        self._good: list[tuple[str | None, dict[str, Any]]] = []
        self._count = len(rows)
        for index, row in enumerate(rows):
            try:
                given = row if isinstance(row, dict) else {}
                self._good.append((given.get("insertId"), decode(given.get("json"))))
            except BadField as error:
                self.errors[index] = {
                    "reason": "invalid", "location": error.location, "debugInfo": "", "message": error.message,
                }  # fmt: skip

    def fresh(self, is_known: Any) -> list[dict[str, Any]]:
        """The good rows, each insertId once and none that is known."""
        seen: set[str] = set()
        rows = []
        for insert_id, row in self._good:
            if insert_id and (insert_id in seen or is_known(insert_id)):
                continue
            seen |= {insert_id} if insert_id else set()
            rows.append(row)
        return rows

    def ids(self) -> list[str]:
        """The insertIds of the good rows."""
        return [insert_id for insert_id, _ in self._good if insert_id]

    def report(self, skips: bool) -> dict[str, Any]:
        """insertErrors, where rows that were good but not taken count as stopped."""
        if not self.errors:
            return {}
        listed = [
            {"index": index, "errors": [self.errors.get(index, _STOPPED)]}
            for index in range(self._count)
            if index in self.errors or not skips
        ]
        return {"insertErrors": listed}
