"""Records what comes to a stand-in and what it answers, for who asks: off unless ``SANDBOX_TRAFFIC`` names a folder.

Each server process writes lines of JSON to a file of its own. An exchange that shows nothing new, by its path, status
and the kinds of values of its fields, is one number: that of the line that it repeats. So what a test run does is
recorded for little: an expression over the bytes instead of parsing them.
"""

import gzip
import json
import os
import re
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from aiohttp import web

VARIABLE = "SANDBOX_TRAFFIC"

IS_UNTYPICAL = "is_untypical"
"""Set on a request whose answer is a fault's, as no service describes it: such exchanges are not recorded."""

_MOST_BYTES = 1_000_000
"""A larger body is left out: its exchange is counted and not checked."""
_MOST_PACKED_BYTES = 60_000
_SHAPE_BYTES = 64_000
_ALWAYS = 20
"""So many exchanges of a path and status are kept whatever they show."""
_HEADERS = ("content-type", "content-encoding", "accept", "x-goog-hash", "x-goog-generation")
_FIELD = re.compile(rb'"([\w.$-]+)"\s*:\s*("[A-Z][A-Z_]+"|"-?\d+"|"|-?\d+\.|-?\d|true|false|null|\{\}|\[\]|\{|\[)')
_DIGITS = re.compile(rb"\d+")
_WORD = re.compile(r"[A-Za-z:]{1,24}(?:\.[A-Za-z]{1,24})?\Z")
_VERSION = re.compile(r"v\d(?:alpha\d|beta\d)?\Z")


class Recorder:
    """Writes the exchanges of one service."""

    def __init__(self, service: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / f"{service}-{os.getpid()}-{id(self):x}.jsonl").open("a", encoding="utf-8")
        self._service = service
        self._lock = threading.Lock()
        self._lines: dict[Any, int] = {}
        self._seen: Counter[Any] = Counter()
        self._written = 0

    def saw(
        self,
        verb: str,
        target: str,
        asked: Mapping[str, str],
        request: bytes,
        status: int,
        answered: Mapping[str, str],
        response: bytes | None,
    ) -> None:
        """Record an exchange; ``target`` is the path with its query as it came, ``response`` None for a stream."""
        path, _, query = target.partition("?")
        place = (verb, status, tuple(part if _is_word(part) else "*" for part in path.split("/")))
        request, response = _plain(request, asked), _plain(response or b"", answered)
        is_whole = len(request) <= _MOST_BYTES and len(response) <= _MOST_BYTES
        names = tuple(sorted(name for name, _ in parse_qsl(query, keep_blank_values=True)))
        shape = (place, names, asked.get("Content-Type"), _shape(request), _shape(response), is_whole)
        with self._lock:
            self._seen[place] += 1
            if shape in self._lines and self._seen[place] > _ALWAYS:
                self._file.write(f"{self._lines[shape]}\n")
            else:
                self._lines.setdefault(shape, self._written)
                line = {
                    "service": self._service,
                    "verb": verb,
                    "path": path,
                    "query": query,
                    "status": status,
                    "asked": _kept(asked),
                    "answered": _kept(answered),
                    "request": request.decode("utf-8", "replace") if is_whole else None,
                    "response": response.decode("utf-8", "replace") if is_whole else None,
                }
                self._file.write(json.dumps(line) + "\n")
            self._written += 1
            self._file.flush()


def recorder(service: str) -> Recorder | None:
    """A recorder, where the environment asks for one."""
    folder = os.environ.get(VARIABLE)
    return Recorder(service, Path(folder)) if folder else None


def recording(services: Mapping[str, str]) -> list[Any]:
    """The aiohttp middleware that records paths by how they begin (expression → service), or none."""
    from aiohttp import web

    recorders = {re.compile(begin): found for begin, service in services.items() if (found := recorder(service))}

    @web.middleware
    async def record(request: "web.Request", handler: Any) -> "web.StreamResponse":
        response: web.StreamResponse = await handler(request)
        found = next((one for begin, one in recorders.items() if begin.match(request.path)), None)
        if found is not None and not request.get(IS_UNTYPICAL):
            body = getattr(response, "body", None)
            target, asked = request.rel_url.raw_path_qs, await request.read()
            answer = body if isinstance(body, bytes) else None
            found.saw(request.method, target, request.headers, asked, response.status, response.headers, answer)
        return response

    return [record] if recorders else []


def _is_word(part: str) -> bool:
    return part == "" or _WORD.match(part) is not None or _VERSION.match(part) is not None


def _plain(body: bytes, headers: Mapping[str, str]) -> bytes:
    if headers.get("Content-Encoding") != "gzip" or not body.startswith(b"\x1f\x8b"):
        return body
    if len(body) > _MOST_PACKED_BYTES:
        return bytes(_MOST_BYTES + 1)
    try:
        return gzip.decompress(body)
    except (OSError, EOFError):  # cut short, as one of the faults does
        return b""


def _shape(body: bytes) -> Any:
    """Which fields there are with which kind of value; forms by their names."""
    found = _FIELD.findall(body[:_SHAPE_BYTES])
    if found:
        return frozenset((name, _DIGITS.sub(b"0", value)) for name, value in found)
    if b"=" in body[:200] and not body.startswith(b"{"):
        return frozenset(part.partition(b"=")[0] for part in body[:_SHAPE_BYTES].split(b"&"))
    return bool(body)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower() in _HEADERS}
