"""An exchange with BigQuery, Cloud Storage or GKE against Google's discovery document.

Names, types, formats, enums and read-only flags are the document's. Which fields an answer always has, and the form of
an error, are not in it: ``_ALWAYS`` and ``_error`` say what the services are known to do.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from sandbox.contracts.descriptions import Method, Schema, description
from tests.contracts.deviations import Findings
from tests.contracts.exchanges import Exchange
from tests.contracts.schemas import SchemaCheck

_JOB = (
    "kind", "etag", "id", "selfLink", "user_email", "jobReference.projectId", "jobReference.jobId",
    "jobReference.location", "configuration.jobType", "status.state", "statistics.creationTime",
)  # fmt: skip
_OBJECT = (
    "kind", "id", "selfLink", "name", "bucket", "generation", "metageneration", "contentType", "storageClass", "size",
    "md5Hash", "crc32c", "etag", "timeCreated", "updated", "mediaLink",
)  # fmt: skip
_TABLE = (
    "kind", "etag", "id", "selfLink", "tableReference.tableId", "type", "creationTime", "lastModifiedTime", "location",
)  # fmt: skip
_CLUSTER = (
    "name", "location", "status", "id", "selfLink", "masterAuth.clusterCaCertificate",
    "controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint", "controlPlaneEndpointsConfig.ipEndpointsConfig.enabled",
)  # fmt: skip
_ALWAYS: dict[str, tuple[str, ...]] = {
    "bigquery.datasets.get": ("kind", "etag", "id", "datasetReference.datasetId", "location", "creationTime", "access"),
    "bigquery.datasets.insert": ("kind", "etag", "id", "datasetReference.datasetId", "location", "creationTime"),
    "bigquery.jobs.cancel": ("kind", *(f"job.{name}" for name in _JOB)),
    "bigquery.jobs.get": _JOB,
    "bigquery.jobs.getQueryResults": ("jobReference.jobId", "jobReference.location", "jobComplete"),
    "bigquery.jobs.insert": _JOB,
    "bigquery.jobs.list": ("kind", "etag"),
    "bigquery.jobs.query": ("kind", "jobComplete"),
    "bigquery.tabledata.list": ("totalRows",),
    "bigquery.tables.get": _TABLE,
    "bigquery.tables.list": ("kind", "etag", "totalItems"),
    "bigquery.tables.patch": _TABLE,
    "container.projects.locations.clusters.list": tuple(f"clusters[].{name}" for name in _CLUSTER),
    "storage.buckets.get": ("kind", "id", "name", "location", "storageClass", "etag", "timeCreated", "metageneration"),
    "storage.objects.get": _OBJECT,
    "storage.objects.insert": _OBJECT,
    "storage.objects.list": ("kind", *(f"items[].{name}" for name in _OBJECT)),
}
_MASKED = "fields"
_ENUMS_AS_NUMBERS = "$alt"
_INTEGER = re.compile(r"-?\d+\Z")
_ADDRESS = re.compile(r"[\w.-]+(:\d+)?\Z")


class GoogleCheck:
    """Checks exchanges of one of Google's services."""

    def __init__(self, service: str, findings: Findings) -> None:
        self._description, self._findings = description(service), findings

    def check(self, exchange: Exchange) -> str:
        """Check an exchange; answers the method's name."""
        method = self._description.find(exchange.verb, exchange.path.lstrip("/"))
        if method is None:
            path = re.sub(r"[^/]*\d[^/]*", "*", exchange.path)
            self._findings.add("request", "no such method", f"{exchange.verb} {path}", exchange.query)
            return f"{exchange.service} (unknown)"
        if "/" in method.path.get("object", ""):
            self._findings.add("request", "name not percent-encoded", method.id, exchange.path)
        self._parameters(exchange, method)
        self._request(exchange, method)
        if exchange.status >= 400:
            self._error(exchange, method)
        else:
            self._response(exchange, method)
        return method.id

    def _parameters(self, exchange: Exchange, method: Method) -> None:
        for name, value in exchange.parameters:
            rule = method.parameters.get(name)
            if rule is None or rule.get("location") == "path":
                kind = None if method.is_upload and name == "upload_id" else "unknown parameter"
            elif not _is_of_type(value, rule):
                kind = "wrong type"
            else:
                kind = "value outside the enum" if value not in rule.get("enum", [value]) else None
            if kind:
                self._findings.add("request", kind, f"{method.id} ?{name}", value)
        given = {name for name, _ in exchange.parameters}
        for name, rule in method.parameters.items():
            if rule.get("required") and rule.get("location") == "query" and name not in given:
                self._findings.add("request", "parameter absent", f"{method.id} ?{name}", exchange.query)

    def _request(self, exchange: Exchange, method: Method) -> None:
        text = _metadata(exchange, method)
        if not text or not text.strip():
            return
        if method.request is None:
            self._findings.add("request", "body of a method without one", method.id, text)
            return
        body = json.loads(text)
        self._schema("request", method, body, method.request)
        if method.id == "bigquery.jobs.insert":
            query = body.get("configuration", {}).get("query")
            if query is not None and query.get("useLegacySql") is not False:
                self._findings.add("request", "legacy SQL", method.id, query)
            if not body.get("jobReference", {}).get("location"):
                self._findings.add("request", "job without a location", method.id, body.get("jobReference"))

    def _response(self, exchange: Exchange, method: Method) -> None:
        is_download = dict(exchange.parameters).get("alt") == "media" or exchange.path.startswith("/download/")
        if exchange.status in (204, 308) or exchange.response is None or is_download:
            return
        if method.response is None or not exchange.response:
            if exchange.response and exchange.response.strip() not in ("", "{}"):
                self._findings.add("response", "body of a method without one", method.id, exchange.response)
            return
        try:
            body = json.loads(exchange.response)
        except ValueError:
            self._findings.add("response", "no JSON", method.id, exchange.response)
            return
        if dict(exchange.parameters).get(_ENUMS_AS_NUMBERS, "").endswith("enum-encoding=int"):
            self._enums_are_numbers(body, method)
        else:
            self._schema("response", method, body, method.response)
        asked = {name for name, _ in exchange.parameters}
        if _MASKED not in asked:
            for place in _ALWAYS.get(method.id, ()):
                for there in _places(body, place.split(".")):
                    # What is only checked is no job, and has no id.
                    if not there and not (place == "jobReference.jobId" and _is_dry_run(body)):
                        self._findings.add("response", "field absent", f"{method.id} {place}", exchange.response)
        for kind, place, detail in _of_method(method.id, body):
            self._findings.add("response", kind, f"{method.id} {place}", detail)

    def _enums_are_numbers(self, body: Any, method: Method) -> None:
        """Check an answer in which enums were asked for as numbers: a text there is as wrong as any other type."""

        def found(kind: str, path: str, detail: Any) -> None:
            self._findings.add("response", kind, f"{method.id} {path}", detail)

        class Numbered(SchemaCheck):
            def value(self, value: Any, schema: Any, path: str) -> None:
                resolved = self._description.resolved(schema)
                if "enum" in resolved and isinstance(value, int) and not isinstance(value, bool):
                    return
                if "enum" in resolved:
                    found("enum not as a number", path, value)
                    return
                super().value(value, schema, path)

        assert method.response is not None
        check = Numbered(self._description, "response", found)
        check.value(body, self._description.schema(method.response), method.response)

    def _schema(self, side: Any, method: Method, body: Any, schema: str) -> None:
        def found(kind: str, path: str, detail: Any) -> None:
            self._findings.add(side, kind, f"{method.id} {path}", detail)

        SchemaCheck(self._description, side, found).value(body, self._description.schema(schema), schema)

    def _error(self, exchange: Exchange, method: Method) -> None:
        if exchange.verb == "HEAD":
            return
        try:
            error = json.loads(exchange.response or "")["error"]
            is_right = error["code"] == exchange.status and isinstance(error["message"], str) and error["message"]
            details = error.get("errors")
        except (ValueError, LookupError, TypeError):
            self._findings.add("response", "error without its object", method.id, exchange.response)
            return
        if not is_right:
            self._findings.add("response", "error without code and message", method.id, exchange.response)
        # Services on gRPC answer with a status and without the list; those older than it with the list.
        if exchange.service != "container" and not details:
            self._findings.add("response", "error without errors[]", method.id, exchange.response)


def _is_of_type(value: str, rule: Schema) -> bool:
    if rule["type"] == "boolean":
        return value in ("true", "false")
    return not (rule["type"] == "integer" or "int" in rule.get("format", "")) or _INTEGER.match(value) is not None


def _metadata(exchange: Exchange, method: Method) -> str | None:
    """The JSON of a request; of an upload its first part, and None where it only goes on."""
    if not method.is_upload or exchange.request is None:
        return exchange.request
    if exchange.verb == "PUT" or exchange.upload_type == "media":
        return None
    if exchange.upload_type != "multipart":
        return exchange.request
    parts = re.split(r"\r?\n\r?\n", exchange.request, maxsplit=2)
    return parts[1].rsplit("\n--", 1)[0] if len(parts) > 1 else None


def _is_dry_run(job: dict[str, Any]) -> bool:
    return job.get("configuration", {}).get("dryRun") is True


def _places(body: Any, path: list[str]) -> Iterator[bool]:
    """Whether a field is there, for each item of the lists on the way (``name[]``); a list that is empty has none."""
    name, rest = path[0], path[1:]
    if not isinstance(body, dict) or name.removesuffix("[]") not in body:
        yield name.endswith("[]")
    elif name.endswith("[]"):
        for item in body[name.removesuffix("[]")]:
            yield from _places(item, rest)
    elif rest:
        yield from _places(body[name], rest)
    else:
        yield True


def _of_method(name: str, body: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """What hangs together in an answer: kind of deviation, place, detail."""
    if name in ("bigquery.jobs.insert", "bigquery.jobs.get"):
        state, statistics = body["status"]["state"], body["statistics"]
        if state not in ("PENDING", "RUNNING", "DONE"):
            yield "value outside the enum", "status.state", state
        if state != "DONE" and body["status"].keys() & {"errorResult", "errors"}:
            yield "error of a job that is not done", "status", body["status"]
        if (state == "DONE") != ("endTime" in statistics):
            yield "endTime against the state", "statistics.endTime", body["status"]
        if "errorResult" in body["status"] and not body["status"].get("errors"):
            yield "field absent", "status.errors", body["status"]
        query = statistics.get("query", {})
        if "numDmlAffectedRows" in query and query.get("statementType") not in ("INSERT", "UPDATE", "DELETE", "MERGE"):
            yield "field of DML alone", "statistics.query.numDmlAffectedRows", query.get("statementType")
    if name == "bigquery.jobs.getQueryResults":
        if not body.get("jobComplete") and body.keys() & {"rows", "schema", "totalRows", "pageToken"}:
            yield "results of a job that is not done", "rows", list(body)
        for row in body.get("rows", []):
            if "schema" in body and len(row["f"]) != len(body["schema"]["fields"]):
                yield "row unlike the schema", "rows[].f", row
    if name == "container.projects.locations.clusters.list":
        for cluster in body.get("clusters", []):
            ip = cluster.get("controlPlaneEndpointsConfig", {}).get("ipEndpointsConfig", {})
            if ip.get("enabled") and not cluster.get("endpoint"):
                yield "field absent", "clusters[].endpoint", cluster
            for place in ("endpoint", "controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint"):
                value: Any = cluster
                for part in place.split("."):
                    value = (value or {}).get(part)
                if value and not _ADDRESS.match(value):
                    yield "no bare host", f"clusters[].{place}", value
