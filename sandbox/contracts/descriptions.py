"""Reads the reduced descriptions beside this file; README.md tells where they come from.

Google's documents have methods and schemas, Kubernetes' has schemas, Slack's has methods.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Method:
    """A method of Google's, and how a request came to it."""

    id: str
    parameters: Mapping[str, Schema]
    """Those of the path and the query, with those that all methods of the service share."""
    request: str | None
    """The schema of the body; None for methods without one."""
    response: str | None
    is_upload: bool
    """Whether it came to the address for uploads, where the body is more than JSON."""
    path: Mapping[str, str]
    """The path's parts by name, still percent-encoded."""


class Description:
    """One service's description."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.about: Mapping[str, str] = document["_about"]
        self.methods: Mapping[str, Any] = document.get("methods", {})
        self._parameters: Mapping[str, Schema] = document.get("parameters", {})
        self._schemas: Mapping[str, Schema] = document.get("schemas", {})
        # Literal segments win over variables: jobs/{id}/cancel comes before jobs/{id}.
        self._routes = sorted(self._each_route(), key=lambda route: route[1].pattern.count("(?P"))

    def schema(self, name: str) -> Schema:
        """The schema of this name; raises ``KeyError``."""
        return self._schemas[name]

    def resolved(self, schema: Schema) -> Schema:
        """The schema itself where another one is named, with the flags that stand beside the name."""
        if "$ref" not in schema:
            return schema
        return {**self._schemas[schema["$ref"]], **{name: value for name, value in schema.items() if name != "$ref"}}

    def find(self, verb: str, path: str) -> Method | None:
        """The method that a request is for, or None; ``path`` is percent-encoded and begins without a slash."""
        for route_verb, pattern, name, is_upload in self._routes:
            # What was begun with POST is continued with PUT.
            found = pattern.match(path) if verb == route_verb or (is_upload and verb == "PUT") else None
            if found:
                method = self.methods[name]
                parameters = {**self._parameters, **method.get("parameters", {})}
                return Method(
                    name, parameters, method.get("request"), method.get("response"), is_upload, found.groupdict()
                )
        return None

    def _each_route(self) -> Iterator[tuple[str, re.Pattern[str], str, bool]]:
        for name, method in self.methods.items():
            if "path" not in method:
                continue
            verb = method["httpMethod"]
            yield verb, _pattern(method["path"], method), name, False
            for path in method.get("mediaUpload", {}).values():
                yield verb, _pattern(path.lstrip("/"), method), name, True
            if method.get("supportsMediaDownload"):
                download = _pattern("download/" + method["path"], method).pattern
                # A link that leaves slashes in a name as they are is still one to this method.
                yield verb, re.compile(download.replace("(?P<object>[^/]+)", "(?P<object>.+)")), name, False


def _pattern(path: str, method: Mapping[str, Any]) -> re.Pattern[str]:
    def part(text: str) -> str:
        if not text.startswith("{"):
            return re.escape(text)
        name = text.strip("{+}")
        rule = method["parameters"].get(name, {}).get("pattern", "")
        return f"(?P<{name}>{rule.strip('^$') if '/' in rule else '[^/]+'})"

    return re.compile("".join(part(text) for text in re.split(r"(\{[^}]+\})", path)) + r"\Z")


@functools.cache
def description(service: str) -> Description:
    """The description of ``bigquery``, ``container``, ``kubernetes``, ``slack`` or ``storage``."""
    return Description(json.loads((Path(__file__).parent / f"{service}.json").read_text()))
