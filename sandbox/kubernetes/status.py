"""How this server says no: Kubernetes ``Status`` objects."""

from typing import Any

import msgspec
from aiohttp import web

JSON = "application/json"


class ApiFailure(Exception):
    """A refusal on its way to the client; the server's middleware turns it into a ``Status`` response."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        continue_token: str = "",
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Remember what the ``Status`` has to say."""
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.continue_token, self.details, self.headers = continue_token, details, headers

    def status(self) -> dict[str, Any]:
        """Return the ``Status`` object."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_token} if self.continue_token else {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details is not None:
            body["details"] = self.details
        return body

    def response(self) -> web.Response:
        """Return the HTTP response."""
        return web.Response(
            body=msgspec.json.encode(self.status()), status=self.code, content_type=JSON, headers=self.headers
        )


def not_found(plural: str, name: str) -> ApiFailure:
    """Return the 404 for one named object."""
    return ApiFailure(404, "NotFound", f'{plural} "{name}" not found', details={"name": name, "kind": plural})


def already_exists(plural: str, name: str) -> ApiFailure:
    """Return the 409 for a name that is taken."""
    return ApiFailure(409, "AlreadyExists", f'{plural} "{name}" already exists', details={"name": name, "kind": plural})


def require_own_namespace(metadata: dict[str, Any], namespace: str) -> None:
    """Raise the 400 for an object that names another namespace than its address does."""
    if metadata.get("namespace") not in (None, "", namespace):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def page_not_found() -> web.Response:
    """Return the 404 of a path below which no API is served at all: Go's own, no ``Status``."""
    headers = {"X-Content-Type-Options": "nosniff"}
    return web.Response(status=404, text="404 page not found\n", content_type="text/plain", headers=headers)


def bad_request(message: str) -> ApiFailure:
    """Return the 400 for a request nobody can make sense of."""
    return ApiFailure(400, "BadRequest", message)


def not_implemented(feature: str) -> ApiFailure:
    """Return the 501 that names a feature of Kubernetes the sandbox does not have."""
    return ApiFailure(501, "NotImplemented", f"the sandbox does not implement {feature}")
