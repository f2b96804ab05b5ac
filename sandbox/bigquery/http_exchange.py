"""A request and its answer, free of the web framework, and the table of routes."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sandbox.bigquery.errors import BigQueryError, invalid, not_implemented
from sandbox.bigquery.request_shape import check_body, check_query

_STATUS_NAMES = {
    400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION", 501: "UNIMPLEMENTED",
}  # fmt: skip

MOST_BODY_BYTES = 10 * 2**20
"""Of a request that is no upload, its query's parameters included."""


@dataclass
class Request:
    """An HTTP request."""

    method: str
    path: str
    """Still percent-encoded."""
    query: dict[str, str]
    """The last value of each parameter."""
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""

    def body(self, schema: str) -> dict[str, Any]:
        """The JSON object in the body, held against a schema of the service's; an empty one without a body."""
        if len(self.data) > MOST_BODY_BYTES:
            raise BigQueryError(400, "badRequest", f"Request payload size exceeds the limit: {MOST_BODY_BYTES} bytes.")
        if not self.data.strip():
            return {}
        try:
            parsed = json.loads(self.data)
        except (ValueError, RecursionError):
            raise BigQueryError(400, "parseError", "Invalid JSON payload received.") from None
        if not isinstance(parsed, dict):
            raise invalid("Invalid JSON payload received: an object is expected")
        check_body(parsed, schema)
        return parsed


@dataclass
class Answer:
    """An HTTP answer."""

    body: dict[str, Any] | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        """The body's bytes."""
        return b"" if self.body is None else json.dumps(self.body).encode()


API_PREFIX = "bigquery/v2/"
NO_CONTENT = 204


def error_answer(error: BigQueryError) -> Answer:
    """An error in BigQuery's JSON shape."""
    detail = {"message": error.message, "domain": "global", "reason": error.reason}
    status = _STATUS_NAMES.get(error.code, "INVALID_ARGUMENT")
    return Answer(
        {"error": {"code": error.code, "message": error.message, "errors": [detail], "status": status}}, error.code
    )


Handler = Callable[..., Answer]
"""Takes the request and the path's parts by name."""


class Routes:
    """Handlers by method and path pattern, like ``projects/{project}/datasets``."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Have ``handler`` answer what fits."""
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        self._routes.append((method, re.compile(expression + r"\Z"), handler))

    def answer(self, request: Request) -> Answer:
        """The answer to a request; what no route fits is answered 501."""
        path = request.path.strip("/")
        check_query(request.method, path if path.startswith("upload/") else API_PREFIX + path, request.query)
        for method, pattern, handler in self._routes:
            match = pattern.match(path) if method == request.method else None
            if match is not None:
                return handler(request, **{name: unquote(part) for name, part in match.groupdict().items()})
        raise not_implemented(f"{request.method} {unquote(path)}")
