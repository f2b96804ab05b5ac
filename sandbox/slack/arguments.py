"""The arguments of a Web API call, from a JSON body, a form or the query, with one way to read each type."""

import json
from typing import Any

from aiohttp import web

from sandbox.slack.errors import SlackRefusal, missing_argument
from sandbox.slack.timestamps import parse_ts

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Arguments:
    """What a caller passed; empty values count as absent."""

    def __init__(self, values: dict[str, Any]) -> None:
        """Keep the values that are there."""
        self._values = {name: value for name, value in values.items() if value is not None and value != ""}

    def get(self, name: str) -> Any:
        """Return an argument as it came, or None."""
        return self._values.get(name)

    def text(self, name: str) -> str:
        """Return an argument as text, or ``""``."""
        return str(self._values.get(name, ""))

    def required(self, name: str) -> str:
        """Return an argument that must be there."""
        if name not in self._values:
            raise missing_argument(name)
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


async def read_arguments(request: web.Request) -> Arguments:
    """Read the arguments of a call, wherever they are; the body wins over the query."""
    values: dict[str, Any] = dict(request.query)
    if request.method == "POST":
        if request.content_type == "application/json":
            values |= await _read_json(request)
        elif request.content_type in FORMS:
            values |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        elif request.can_read_body:
            raise SlackRefusal("invalid_post_type")
    return Arguments(values)


async def _read_json(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise SlackRefusal("invalid_json") from error
    if not isinstance(body, dict):
        raise SlackRefusal("json_not_object")
    return body
