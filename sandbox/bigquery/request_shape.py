"""The JSON types of REST's attributes: a request with a text where an object belongs is refused before it is read.

An attribute's name says its type wherever it stands, so one table does for all requests.
"""

from typing import Any

from sandbox.bigquery.errors import invalid

_OBJECTS = frozenset(
    """
    arrayType clustering configuration copy datasetReference defaultDataset destinationTable
    destinationTableProperties extract formatOptions jobReference labels load materializedView parameterType
    parameterValue range rangePartitioning schema sourceTable structValues tableReference timePartitioning view
    """.split()
)
_LISTS_OF_OBJECTS = frozenset("arrayValues connectionProperties queryParameters rows sourceTables structTypes".split())
_LISTS_OF_TEXTS = frozenset("destinationUris schemaUpdateOptions sourceUris".split())
_TEXTS = frozenset(
    """
    compression createDisposition datasetId defaultValueExpression description destinationFormat destinationUri
    encoding field fieldDelimiter friendlyName insertId jobId key location mode name nullMarker operationType
    parameterMode priority projectId quote requestId sourceFormat tableId timestampOutputFormat type writeDisposition
    """.split()
)
_NUMBERS = frozenset(
    "expirationMs expirationTime maxBadRecords maxResults skipLeadingRows startIndex timeoutMs".split()
)
_USER_DATA = frozenset({"json", "labels", "structValues"})
"""Attributes whose inner names are the user's, not REST's."""
_OBJECT_PLACES = frozenset({("configuration", "query"), ("structTypes", "type")})
"""Names that elsewhere stand for a text, by what they stand in."""


def check_shape(body: dict[str, Any], path: str = "") -> None:
    """Refuse a request whose attributes have the wrong JSON type; null stands for an attribute that is not there."""
    for name, value in body.items():
        here = f"{path}.{name}" if path else name
        if value is None:
            continue
        wanted = _wanted(name, value, path)
        if wanted:
            raise invalid(f"Invalid value at '{here}': {wanted} is expected")
        if name in _USER_DATA:
            if name == "structValues":
                _check_each(list(value.values()), here)
        elif isinstance(value, dict):
            check_shape(value, here)
        elif isinstance(value, list):
            _check_each([item for item in value if isinstance(item, dict)], here)


def _check_each(items: list[Any], path: str) -> None:
    for item in items:
        if not isinstance(item, dict):
            raise invalid(f"Invalid value at '{path}': objects are expected")
        check_shape(item, path)


def _wanted(name: str, value: Any, path: str) -> str | None:
    """What should stand there, if it does not."""
    if name in _OBJECTS or (path.rpartition(".")[2], name) in _OBJECT_PLACES:
        return None if isinstance(value, dict) else "an object"
    if name == "fields":
        item, items = (str, "texts") if path.endswith("clustering") else (dict, "objects")
        return None if _is_list_of(value, item) else f"a list of {items}"
    if name in _LISTS_OF_OBJECTS:
        return None if _is_list_of(value, dict) else "a list of objects"
    if name in _LISTS_OF_TEXTS:
        return None if _is_list_of(value, str) else "a list of texts"
    if name in _TEXTS:
        return None if isinstance(value, str) else "a text"
    if name in _NUMBERS:
        return None if _is_number(value) else "an integer"
    return None


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _is_number(value: Any) -> bool:
    """int64 comes as a number or as text, and empty text is none."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return False
    try:
        return value == "" or abs(int(value)) < 2**63
    except ValueError:
        return False
