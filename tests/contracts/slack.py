"""An exchange with Slack against its method descriptions: arguments, how they are sent, listed errors, fields."""

import json
from typing import Any
from urllib.parse import parse_qsl

from sandbox.contracts.descriptions import description
from tests.contracts.deviations import Findings
from tests.contracts.exchanges import Exchange

_NUMBERS, _TRUTHS = ("integer", "number"), ("true", "false", "1", "0")
_TYPES: dict[str, type | tuple[type, ...]] = {"boolean": bool, "number": (int, float), "string": str}
_GENERIC = frozenset({"invalid_arguments", "invalid_auth", "not_authed"})
"""Errors of every method that the lists of some leave out."""


class SlackCheck:
    """Checks calls of the Web API."""

    def __init__(self, findings: Findings) -> None:
        self._methods, self._findings = description("slack").methods, findings

    def check(self, exchange: Exchange) -> str:
        """Check a call; answers the method's name."""
        name = exchange.path.rpartition("/")[2]
        method = self._methods.get(name)
        if method is None:
            self._findings.add("request", "no such method", f"slack {name}", exchange.path)
            return f"slack {name} (unknown)"
        self._request(exchange, name, method)
        if exchange.status < 400 and exchange.response:
            self._response(json.loads(exchange.response), name, method)
        return f"slack {name}"

    def _request(self, exchange: Exchange, name: str, method: Any) -> None:
        arguments: dict[str, Any] = dict(exchange.parameters)
        text = exchange.request or ""
        is_json = exchange.asked.get("content-type", "").startswith("application/json")
        if is_json and text:
            if not method["json_input"]:
                self._findings.add("request", "JSON to a method that reads none", f"slack {name}", text)
            arguments |= json.loads(text)
        elif text:
            arguments |= dict(parse_qsl(text, keep_blank_values=True))
        known = method["args"]
        for argument, value in arguments.items():
            kind = "unknown argument" if argument not in known else "wrong type"
            if argument not in known or not _is_of_type(value, known[argument]["type"]):
                self._findings.add("request", kind, f"slack {name} {argument}", value)
        for argument, rule in known.items():
            # The token travels in a header.
            if rule["required"] and argument not in arguments and argument != "token":
                self._findings.add("request", "argument absent", f"slack {name} {argument}", list(arguments))

    def _response(self, body: dict[str, Any], name: str, method: Any) -> None:
        if body.get("ok") is not True:
            error = body.get("error")
            if error not in method["errors"] and error not in _GENERIC:
                self._findings.add("response", "error that is not listed", f"slack {name} {error}", body)
            return
        for wanted in method["output_required"] or ():
            if wanted not in body:
                self._findings.add("response", "field absent", f"slack {name} {wanted}", list(body))
        known = {**(method["output"] or {}), **(method["response_types"] or {}).get("top", {})}
        for field, value in body.items():
            if field not in known and field != "ok":
                self._findings.add("response", "unknown field", f"slack {name} {field}", value)
                continue
            wanted_type = known.get(field)
            right = _TYPES.get(wanted_type) if isinstance(wanted_type, str) else None
            if right is not None and value is not None and not isinstance(value, right):
                self._findings.add("response", "wrong type", f"slack {name} {field}", value)


def _is_of_type(value: Any, wanted: str) -> bool:
    if wanted in _NUMBERS:
        return str(value).lstrip("-").isdigit()
    return wanted != "boolean" or str(value).lower() in _TRUTHS
