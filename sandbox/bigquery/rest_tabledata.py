"""REST: tabledata.list."""

from sandbox.bigquery.encode import canonical_rows
from sandbox.bigquery.errors import invalid
from sandbox.bigquery.http_exchange import Answer, Request, Routes
from sandbox.bigquery.model import Field
from sandbox.bigquery.names import physical_name, quote
from sandbox.bigquery.query_results import Page, rows_page
from sandbox.bigquery.rest_tables import whole_table
from sandbox.bigquery.service import Service


class TabledataRoutes:
    """Handlers of tabledata.*."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        routes.add("GET", "projects/{project}/datasets/{dataset}/tables/{table}/data", self.list)

    def list(self, request: Request, project: str, dataset: str, table: str) -> Answer:
        """tabledata.list of a table."""
        page, ref = Page(request.query), whole_table(project, dataset, table)
        self._service.rights.check_table("bigquery.tables.getData", ref)
        with self._service.snapshot() as (catalog, cursor):
            meta = catalog.get(ref)
            if meta.kind != "TABLE":
                raise invalid(f"Cannot list a table of type {meta.kind}.")
            fields, total = _selected(meta.fields, request.query.get("selectedFields")), catalog.count_rows(meta)
            columns, limit = ", ".join(quote(field["name"]) for field in fields), page.size(len(fields))
            cursor.execute(
                f"SELECT {columns} FROM {physical_name(ref)} ORDER BY rowid LIMIT {limit} OFFSET {page.start}"
            )
            rows = canonical_rows(fields, cursor.fetchall())
        return Answer({"kind": "bigquery#tableDataList", "etag": "data", **rows_page(fields, rows, total, page)})


def _selected(fields: list[Field], names: str | None) -> list[Field]:
    """The top-level fields that ``selectedFields`` names, in the table's order."""
    if not names:
        return fields
    wanted = {name.strip().lower() for name in names.split(",")}
    unknown = wanted - {field["name"].lower() for field in fields}
    if unknown:
        raise invalid(f"Unknown field(s) in selectedFields: {', '.join(sorted(unknown))}")
    return [field for field in fields if field["name"].lower() in wanted]
