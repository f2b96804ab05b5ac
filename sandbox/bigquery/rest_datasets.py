"""REST: datasets."""

from typing import Any

from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.errors import invalid, not_implemented
from sandbox.bigquery.http_exchange import NO_CONTENT, Answer, Request, Routes
from sandbox.bigquery.listing import check_labels, page_of
from sandbox.bigquery.model import TableRef
from sandbox.bigquery.service import Service
from sandbox.bigquery.storage import transaction

_READ = ("kind", "datasetReference", "location", "description", "labels", "defaultTableExpirationMs")


class DatasetRoutes:
    """Handlers of datasets.*."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        datasets, dataset = ("projects/{project}/datasets", "projects/{project}/datasets/{dataset}")
        routes.add("GET", datasets, self.list)
        routes.add("POST", datasets, self.insert)
        routes.add("GET", dataset, self.get)
        routes.add("DELETE", dataset, self.delete)

    def list(self, request: Request, project: str) -> Answer:
        """datasets.list."""
        if request.query.get("filter"):
            raise not_implemented("datasets.list with a filter")
        with self._service.snapshot() as (catalog, _):
            found = catalog.list_datasets(project)
        shown, token = page_of(found, request.query)
        listed = [_summary(project, name, body) for name, body in shown]
        named = {"datasets": listed} if listed else {}  # an empty list is left out
        return Answer({"kind": "bigquery#datasetList", "etag": "list", **named, **token})

    def insert(self, request: Request, project: str) -> Answer:
        """datasets.insert."""
        body = request.body("Dataset")
        dataset = (body.get("datasetReference") or {}).get("datasetId")
        if not isinstance(dataset, str) or not dataset:
            raise invalid("Required parameter is missing: datasetReference.datasetId")
        for name in body:
            if body[name] and name not in _READ:
                raise not_implemented(f"the dataset attribute {name}")
        check_labels(body.get("labels"))
        self._service.rights.check_project("bigquery.datasets.create", project)
        kept = {name: body[name] for name in _READ[3:] if body.get(name)}
        with self._lock(project, dataset), self._service.catalog() as (catalog, cursor), transaction(cursor):
            catalog.create_dataset(project, dataset, location=body.get("location"), more=kept)
            return Answer(_resource(catalog, project, dataset))

    def get(self, request: Request, project: str, dataset: str) -> Answer:
        """datasets.get."""
        self._service.rights.check_dataset("bigquery.datasets.get", project, dataset)
        with self._service.snapshot() as (catalog, _):
            return Answer(_resource(catalog, project, dataset))

    def delete(self, request: Request, project: str, dataset: str) -> Answer:
        """datasets.delete."""
        cascade = request.query.get("deleteContents", "").lower() == "true"
        with self._lock(project, dataset), self._service.catalog() as (catalog, cursor), transaction(cursor):
            catalog.drop_dataset(project, dataset, cascade=cascade)
        return Answer(status=NO_CONTENT)

    def _lock(self, project: str, dataset: str) -> Any:
        return self._service.locks.hold(TableRef(project, dataset, ""))


def _summary(project: str, dataset: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "bigquery#dataset",
        "id": f"{project}:{dataset}",
        "datasetReference": {"projectId": project, "datasetId": dataset},
        "location": body["location"],
        **{name: body[name] for name in ("labels",) if name in body},
    }


def _resource(catalog: Catalog, project: str, dataset: str) -> dict[str, Any]:
    body = catalog.get_dataset(project, dataset)
    return _summary(project, dataset, body) | {
        "etag": f'"{body["creationTime"]:x}-{body["lastModifiedTime"]:x}"',
        "selfLink": f"/bigquery/v2/projects/{project}/datasets/{dataset}",
        "type": "DEFAULT",
        "access": [{"role": "OWNER", "specialGroup": "projectOwners"}],
        **{name: body[name] for name in _READ[3:] if name in body},
        "creationTime": str(body["creationTime"]),
        "lastModifiedTime": str(body["lastModifiedTime"]),
    }
