"""The arguments of a Web API call, from a JSON body, a form or the query, with one way to read each type.

Not every method reads JSON: where Slack's pages do not say that one does, a JSON body is as good as none. What they say
is in ``sandbox/contracts/slack.json``.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.contracts.descriptions import description
from sandbox.slack.errors import SlackRefusal, missing_arguments
from sandbox.slack.timestamps import parse_ts

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
ARGUMENT_NAME = re.compile(r"[A-Za-z0-9_]+")
DOCUMENTED = description("slack").methods


def required_arguments(method: str) -> list[str]:
    """Return what must be there, the token apart, or the call is refused as ``invalid_arguments``."""
    return [name for name, rule in DOCUMENTED[method]["args"].items() if rule["required"] and name != "token"]


class Arguments:
    """What a caller passed; an empty value is there, and says nothing."""

    def __init__(self, values: dict[str, Any]) -> None:
        """Keep the values that are there."""
        self._given = frozenset(name for name, value in values.items() if value is not None)
        self._values = {name: value for name, value in values.items() if value is not None and value != ""}

    def check(self, required: Iterable[str]) -> None:
        """Refuse names that are none, and a call that lacks what it needs, naming all of it."""
        if not all(ARGUMENT_NAME.fullmatch(name) for name in self._given):
            raise SlackRefusal("invalid_arg_name")
        missing = [name for name in required if name not in self._given]
        if missing:
            raise missing_arguments(missing)

    def get(self, name: str) -> Any:
        """Return an argument as it came, or None."""
        return self._values.get(name)

    def text(self, name: str) -> str:
        """Return an argument as text, or ``""``."""
        return str(self._values.get(name, ""))

    def required(self, name: str) -> str:
        """Return an argument that must be there; ``""`` when it is there and empty."""
        if name not in self._given:
            raise missing_arguments([name])
        return self.text(name)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean argument; in forms it is ``true``, ``1``, ``false`` or ``0``."""
        value = self._values.get(name)
        return default if value is None else str(value).lower() in ("true", "1")

    def integer(self, name: str, default: int) -> int:
        """Return a number; what is none is an invalid argument."""
        try:
            return int(self._values.get(name, default))
        except (TypeError, ValueError) as error:
            raise SlackRefusal("invalid_arguments") from error

    def structure(self, name: str, refusal: str) -> Any:
        """Return an array or object, which forms (and some clients in JSON) carry as JSON text; None if absent."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise SlackRefusal(refusal) from error

    def timestamp(self, name: str, refusal: str, default: int | None = None) -> int:
        """Return a message timestamp in microseconds, or refuse."""
        if name not in self._values and default is not None:
            return default
        try:
            return parse_ts(self.required(name))
        except ValueError as error:
            raise SlackRefusal(refusal) from error


async def read_arguments(request: web.Request, method: str) -> Arguments:
    """Read the arguments of a call, wherever they are; the body wins over the query."""
    if request.method != "POST":
        return Arguments(dict(request.query))
    if request.content_type == "multipart/form-data":
        fields = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        return Arguments({**request.query, **fields})
    return sent_arguments(method, request.content_type, await request.read(), request.query)


def sent_arguments(method: str, content_type: str, body: bytes, query: Mapping[str, str]) -> Arguments:
    """Return what a POST passes: a form's fields, or JSON's where the method reads any."""
    values: dict[str, Any] = dict(query)
    if content_type == JSON:
        sent = _read_json(body)
        if DOCUMENTED.get(method, {}).get("json_input", True):
            values |= sent
    elif content_type == FORM:
        values |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif body:
        raise SlackRefusal("invalid_post_type")
    return Arguments(values)


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body or b"{}")
    except ValueError as error:
        raise SlackRefusal("invalid_json") from error
    if not isinstance(values, dict):
        raise SlackRefusal("json_not_object")
    return values
