"""PED documents inside a scenario: their ids, whether the product takes them, and the files teams would write."""

import datetime as dt
from typing import Any

import yaml
from pydantic import ValidationError

from pedwatch.limits import ids
from pedwatch.limits.document import SHAPE, PedLimit
from pedwatch.written.problems import explanations, field_path


def document_id(document: dict[str, Any]) -> str:
    """Return the limit_id: ``<environment>.<team_id>.<api_id>[.<name>]``, dots within a part doubled."""
    parts = [document.get(field) for field in ("environment", "team_id", "api_id", "name")]
    return ids.joined(str(part) for part in parts if part)


def document_problems(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (field, problem) for whatever the product refuses; wrong documents belong into ``put_document``."""
    try:
        PedLimit.model_validate(document)
    except ValidationError as error:
        return [(field_path(location), message) for location, message in explanations(error, SHAPE)]
    return []


def document_text(document: dict[str, Any]) -> str:
    """Write a document as the YAML file of a team."""
    return yaml.safe_dump(_with_written_times(document), sort_keys=False, allow_unicode=True)


def _with_written_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_written_times(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_written_times(item) for item in value]
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if isinstance(value, dt.datetime) else value
