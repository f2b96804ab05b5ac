"""What published limits say, for who looks them up at a shell."""

import json
from collections.abc import Sequence
from typing import Any

import yaml

from pedwatch.errors import LimitStoreError
from pedwatch.limits.stored_document import StoredDocument

LISTED = {
    "limit_id": "limit",
    "max_replicas": "replicas",
    "scope": "scope",
    "selectors": "selectors",
    "effective_from": "from",
    "granted": "granted by",
    "exemptions": "exemptions",
}
"""Columns of ``limits list``."""


def line_of(content: dict[str, Any]) -> dict[str, Any]:
    """Return what a limit says as a row of ``LISTED``."""
    selectors = {name: glob for name, glob in content["selectors"].items() if glob and name != "labels"}
    selectors |= content["selectors"]["labels"]
    return {
        **{name: content[name] for name in ("limit_id", "max_replicas", "scope", "effective_from")},
        "selectors": " ".join(f"{name}={glob}" for name, glob in selectors.items()),
        "granted": f"{content['grant']['approver']} {content['grant']['ticket']}",
        "exemptions": ", ".join(f"{one['id']} until {one['ends_at'][:10]}" for one in content["exemptions"]),
    }


def contents_of(documents: Sequence[StoredDocument]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what the documents say, and what is wrong with those that say nothing."""
    contents, problems = [], []
    for document in documents:
        try:
            contents.append(_content(document))
        except LimitStoreError as error:
            problems.append(str(error))
    return contents, problems


def formatted(contents: Sequence[dict[str, Any]], form: str) -> str:
    """Write what documents say as ``json``, as ``yaml``, or a sentence for each."""
    if form == "json":
        return json.dumps(contents, indent=2)
    if form == "yaml":
        return yaml.safe_dump_all(contents, sort_keys=False).rstrip()
    return "\n".join(_sentence(content) for content in contents)


def _content(document: StoredDocument) -> dict[str, Any]:
    try:
        limit = document.limit()
    except ValueError as error:
        raise LimitStoreError(
            f"{document.document_id} in Firestore does not validate ({error}): publish it anew from its file. "
            f"The last valid version stays in force."
        ) from None
    source = limit.source.model_dump() if limit.source else None
    return {
        "limit_id": limit.limit_id,
        **limit.content(),
        "source": source,
        "updated_at": document.update_time.isoformat(),
    }


def _sentence(content: dict[str, Any]) -> str:
    since = f" from {content['effective_from']}" if content["effective_from"] else ""
    grant = content["grant"]
    granted = f"granted by {grant['approver']}, {grant['ticket']}"
    exemptions = ", ".join(exemption["id"] for exemption in content["exemptions"])
    extra = f"; exemptions: {exemptions}" if exemptions else ""
    ceiling = f"at most {content['max_replicas']} replicas per {content['scope']}"
    return f"{content['limit_id']}: {ceiling}{since}, {granted}{extra}"
