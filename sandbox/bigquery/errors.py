"""BigQuery's error answers: an HTTP code, a reason from BigQuery's list, and a message."""


class BigQueryError(Exception):
    """An error as BigQuery reports it.

    ``code`` is the HTTP status, ``reason`` one of BigQuery's reasons (``invalidQuery``, ``notFound``, ``duplicate``,
    ``invalid``, ``notImplemented`` …). Never ``internalError``: clients retry that for minutes.
    """

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message


def invalid_query(message: str) -> BigQueryError:
    """The query itself is wrong (400)."""
    return BigQueryError(400, "invalidQuery", message)


def invalid(message: str) -> BigQueryError:
    """The request or its data is wrong (400)."""
    return BigQueryError(400, "invalid", message)


def not_found(kind: str, name: str) -> BigQueryError:
    """A resource is missing (404); ``kind`` is Dataset, Table or Job, ``name`` like ``p:d.t``."""
    return BigQueryError(404, "notFound", f"Not found: {kind} {name}")


def already_exists(kind: str, name: str) -> BigQueryError:
    """A resource is there already (409)."""
    return BigQueryError(409, "duplicate", f"Already Exists: {kind} {name}")


def not_implemented(feature: str) -> BigQueryError:
    """The stand-in does not do this; the message names the feature (501)."""
    return BigQueryError(501, "notImplemented", f"The BigQuery stand-in does not implement {feature}")
