"""What can go wrong, and the one place that names it: every failure becomes an ``error_class`` of the manifest."""

import http.client
import re
import socket
import ssl
import zlib
from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

ErrorClass = Literal[
    "api_missing",
    "bad_payload",
    "cancelled",
    "dns",
    "empty_or_missing",
    "expired",
    "forbidden",
    "impersonation",
    "internal",
    "misconfigured",
    "not_tried",
    "redirected",
    "server_error",
    "throttled",
    "timeout",
    "tls",
    "unauthenticated",
    "unreachable",
]
ERROR_CLASSES: tuple[str, ...] = get_args(ErrorClass)

MAX_MESSAGE = 500

_TOKEN_SHAPES = re.compile(
    r"(?i:bearer)\s+[^\s\"',;]+"  # an Authorization header echoed back
    r"|ya29\.[\w.-]+"  # Google access tokens
    r"|eyJ[\w-]{8,}\.[\w-]+\.?[\w-]*"  # JSON web tokens: service accounts, Workload Identity
)


class Misconfigured(Exception):
    """The cluster's entry, kubeconfig or certificate files cannot be used as they are."""


class CredentialError(Exception):
    """No token could be had (no credentials, token file unreadable, token endpoint refused)."""


class ImpersonationError(CredentialError):
    """The pod cannot become the service account that it should be: a matter of the pod, not of a cluster."""


class Cancelled(Exception):
    """The process was asked to stop."""


class NotTried(Exception):
    """The time of the whole batch was used up before the cluster's turn came; nothing is known of the cluster."""


class Redirected(Exception):
    """The server answered with a redirect; following it could carry the token to another host."""


class BadPayload(Exception):
    """The answer is not the list it should be."""


class EmptyOrMissing(Exception):
    """A namespace that was asked for by name holds nothing, which a misspelt one does not either."""


class PageTooLarge(Exception):
    """A page outgrew the memory bound; a smaller ``limit`` is needed."""


class BodyCut(ConnectionError):
    """The connection ended before the body did."""


class ApiError(Exception):
    """An answer other than 2xx, with what the Kubernetes ``Status`` said."""

    def __init__(self, status: int, reason: str = "", message: str = "", continue_token: str = "") -> None:
        said = f"HTTP {status} {reason}".rstrip()
        super().__init__(f"{said}: {message}" if reason or message else said)
        self.status = status
        self.continue_token = continue_token


class OutputError(Exception):
    """The data object or the manifest could not be written: infrastructure, worth a retry of the whole task."""


#: What msgspec raises over JSON: also what Python raises over text that is not UTF-8, or is nested without end.
UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

# Whom an API server sees where no token came along, or none that it read; some refuse that with a plain 401.
_NOBODY = 'User "system:anonymous"'

_BY_STATUS: dict[int, ErrorClass] = {
    401: "unauthenticated",
    403: "forbidden",
    404: "api_missing",
    410: "expired",
    429: "throttled",
}

# The first type that matches names the failure, so narrow types stand before the OSErrors they derive from.
_BY_TYPE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], ErrorClass], ...] = (
    (Cancelled, "cancelled"),
    (NotTried, "not_tried"),
    (Redirected, "redirected"),
    (Misconfigured, "misconfigured"),
    (EmptyOrMissing, "empty_or_missing"),
    (ImpersonationError, "impersonation"),
    (CredentialError, "unauthenticated"),
    ((BadPayload, PageTooLarge, *UNDECODABLE, zlib.error), "bad_payload"),
    (TimeoutError, "timeout"),
    (socket.gaierror, "dns"),
    ((ssl.SSLEOFError, ssl.SSLZeroReturnError), "unreachable"),
    (ssl.SSLError, "tls"),
    (OSError, "unreachable"),
    (http.client.IncompleteRead, "unreachable"),
    (http.client.HTTPException, "bad_payload"),
)

# Another kind's listing would meet the same fate, so it is not even tried.
CLUSTER_WIDE: frozenset[ErrorClass] = frozenset(
    (
        "cancelled",
        "dns",
        "impersonation",
        "misconfigured",
        "not_tried",
        "redirected",
        "timeout",
        "tls",
        "unauthenticated",
        "unreachable",
    )
)


def classify(error: BaseException) -> ErrorClass:
    """Name a failure with the manifest's vocabulary."""
    if isinstance(error, ApiError):
        if error.status == 403 and _NOBODY in str(error):
            return "unauthenticated"
        return _BY_STATUS.get(error.status, "server_error" if error.status >= 500 else "bad_payload")
    for types, name in _BY_TYPE:
        if isinstance(error, types):
            return name
    return "internal"


def describe(error: BaseException, secrets: Iterable[str] = ()) -> str:
    """Return the error in one line, without secrets and at most 500 characters long."""
    text = " ".join(str(error).split()) or type(error).__name__
    if classify(error) == "internal":
        text = f"{type(error).__name__}: {text}"
    return redact(text, secrets)[:MAX_MESSAGE]


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Blank the given secrets and whatever looks like a bearer token."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[redacted]")
    return _TOKEN_SHAPES.sub("[redacted]", text)
