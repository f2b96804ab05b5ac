"""REST: projects and datasets."""

import re
from typing import Any

from sandbox.bigquery.catalog import Catalog
from sandbox.bigquery.errors import BigQueryError, invalid, not_implemented
from sandbox.bigquery.http_exchange import NO_CONTENT, Answer, Request, Routes
from sandbox.bigquery.listing import check_labels, page_of
from sandbox.bigquery.model import TableRef
from sandbox.bigquery.service import Service
from sandbox.bigquery.storage import transaction

_SETTABLE = (
    "description", "friendlyName", "labels", "defaultTableExpirationMs", "defaultPartitionExpirationMs", "access",
    "defaultCollation", "maxTimeTravelHours", "storageBillingModel", "isCaseInsensitive", "defaultRoundingMode",
    "resourceTags",
)  # fmt: skip
_UNSUPPORTED = ("defaultEncryptionConfiguration", "externalDatasetReference", "externalCatalogDatasetOptions")
_MILLISECONDS = ("defaultTableExpirationMs", "defaultPartitionExpirationMs", "maxTimeTravelHours")
_LABEL_FILTER = re.compile(r"labels\.([\w-]+)(?::(\S*))?\Z")


class DatasetRoutes:
    """Handlers of datasets.*."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, routes: Routes) -> None:
        """Add the handlers."""
        datasets, dataset = ("projects/{project}/datasets", "projects/{project}/datasets/{dataset}")
        routes.add("GET", "projects", self.projects)
        routes.add("GET", "projects/{project}/serviceAccount", self.service_account)
        routes.add("GET", datasets, self.list)
        routes.add("POST", datasets, self.insert)
        routes.add("GET", dataset, self.get)
        routes.add("PATCH", dataset, self.patch)
        routes.add("PUT", dataset, self.update)
        routes.add("DELETE", dataset, self.delete)

    def projects(self, request: Request) -> Answer:
        """projects.list: the stand-in takes any project, so there are none to tell of."""
        return Answer({"kind": "bigquery#projectList", "totalItems": 0, "projects": []})

    def service_account(self, request: Request, project: str) -> Answer:
        """projects.getServiceAccount."""
        email = f"bq-{project}@sandbox.invalid"
        return Answer({"kind": "bigquery#getServiceAccountResponse", "email": email})

    def list(self, request: Request, project: str) -> Answer:
        """datasets.list."""
        with self._service.snapshot() as (catalog, _):
            found = catalog.list_datasets(project)
        wanted = [(name, body) for name, body in found if _matches(body, request.query.get("filter"))]
        shown, token = page_of(wanted, request.query)
        listed = [_summary(project, name, body) for name, body in shown]
        named = {"datasets": listed} if listed else {}  # an empty list is left out
        return Answer({"kind": "bigquery#datasetList", "etag": "list", **named, **token})

    def insert(self, request: Request, project: str) -> Answer:
        """datasets.insert."""
        body = request.body("Dataset")
        reference = body.get("datasetReference") or {}
        dataset = reference.get("datasetId")
        if not isinstance(dataset, str) or not dataset:
            raise invalid("Required parameter is missing: datasetReference.datasetId")
        attributes = _attributes(body)
        self._service.rights.check_project("bigquery.datasets.create", project)
        with self._lock(project, dataset), self._service.catalog() as (catalog, cursor):
            catalog.create_dataset(
                project, dataset, location=body.get("location"), more=_without_nulls(attributes), cursor=cursor
            )
            return Answer(_resource(catalog, project, dataset))

    def get(self, request: Request, project: str, dataset: str) -> Answer:
        """datasets.get."""
        self._service.rights.check_dataset("bigquery.datasets.get", project, dataset)
        with self._service.snapshot() as (catalog, _):
            return Answer(_resource(catalog, project, dataset))

    def patch(self, request: Request, project: str, dataset: str) -> Answer:
        """datasets.patch: what the body names; null removes."""
        attributes = _attributes(request.body("Dataset"))
        with self._lock(project, dataset), self._service.catalog() as (catalog, cursor):
            old = catalog.get_dataset(project, dataset)
            _check_etag(request, old)
            if isinstance(attributes.get("labels"), dict):
                attributes["labels"] = _without_nulls({**(old.get("labels") or {}), **attributes["labels"]})
            catalog.update_dataset(project, dataset, attributes, cursor=cursor)
            return Answer(_resource(catalog, project, dataset))

    def update(self, request: Request, project: str, dataset: str) -> Answer:
        """datasets.update: what the body does not name is removed."""
        attributes = dict.fromkeys(_SETTABLE) | _attributes(request.body("Dataset"))
        with self._lock(project, dataset), self._service.catalog() as (catalog, cursor):
            _check_etag(request, catalog.get_dataset(project, dataset))
            catalog.update_dataset(project, dataset, attributes, cursor=cursor)
            return Answer(_resource(catalog, project, dataset))

    def delete(self, request: Request, project: str, dataset: str) -> Answer:
        """datasets.delete."""
        cascade = request.query.get("deleteContents", "").lower() == "true"
        with self._lock(project, dataset), self._service.catalog() as (catalog, cursor), transaction(cursor):
            catalog.drop_dataset(project, dataset, cascade=cascade, cursor=cursor)
        return Answer(status=NO_CONTENT)

    def _lock(self, project: str, dataset: str) -> Any:
        return self._service.locks.hold(TableRef(project, dataset, ""))


def _attributes(body: dict[str, Any]) -> dict[str, Any]:
    for name in _UNSUPPORTED:
        if body.get(name):
            raise not_implemented(f"the dataset attribute {name}")
    attributes = {name: body[name] for name in _SETTABLE if name in body}
    for name in _MILLISECONDS:
        if attributes.get(name) is not None:
            try:
                attributes[name] = str(int(attributes[name]))
            except (TypeError, ValueError):
                raise invalid(f"Invalid value for {name}: {attributes[name]}") from None
    check_labels(attributes.get("labels"))
    return attributes


def _without_nulls(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _matches(body: dict[str, Any], wanted: str | None) -> bool:
    labels = body.get("labels") or {}
    for condition in (wanted or "").split():
        match = _LABEL_FILTER.match(condition)
        if match is None:
            raise invalid(f"Invalid value for filter: {condition}")
        key, value = match.groups()
        if key not in labels or (value and labels[key] != value):
            return False
    return True


def _check_etag(request: Request, body: dict[str, Any]) -> None:
    wanted = request.headers.get("If-Match")
    if wanted and wanted != "*" and wanted != _etag(body):
        raise BigQueryError(412, "conditionNotMet", "Precondition check failed.")


def _etag(body: dict[str, Any]) -> str:
    return f'"{body["creationTime"]:x}-{body["lastModifiedTime"]:x}"'


def _summary(project: str, dataset: str, body: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {name: body[name] for name in ("labels", "friendlyName") if name in body}
    return {
        "kind": "bigquery#dataset",
        "id": f"{project}:{dataset}",
        "datasetReference": {"projectId": project, "datasetId": dataset},
        "location": body["location"],
        **shown,
    }


def _resource(catalog: Catalog, project: str, dataset: str) -> dict[str, Any]:
    body = catalog.get_dataset(project, dataset)
    return _summary(project, dataset, body) | {
        "etag": _etag(body),
        "selfLink": f"/bigquery/v2/projects/{project}/datasets/{dataset}",
        "type": "DEFAULT",
        "access": [{"role": "OWNER", "specialGroup": "projectOwners"}],
        **{name: str(v) if name in _MILLISECONDS else v for name, v in body.items() if name in _SETTABLE},
        "creationTime": str(body["creationTime"]),
        "lastModifiedTime": str(body["lastModifiedTime"]),
    }
