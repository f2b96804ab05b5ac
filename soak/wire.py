"""Faults on the wire: what befalls the calls that a task's process makes, byte by byte. Only in that process.

Every client here, that of BigQuery, of Cloud Storage, of Slack and the collector's, ends in ``http.client``. Its steps
are wrapped: a request is sent whole, cut or not at all, by a process that may die meanwhile; its answer is read, cut,
or another one comes in its place. All else, sockets, servers and clients, is as ever.
"""

import http.client
import io
import os
from collections.abc import Callable, Mapping
from typing import Any

KILLED = 137
"""Exit status of a process that nothing could catch: that of SIGKILL."""

ANSWERS: Mapping[str, tuple[int, dict[str, str]]] = {
    "500": (500, {}),
    "502": (502, {}),
    "503": (503, {}),
    "429": (429, {"Retry-After": "7"}),
    "expired token": (401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}),
}
BODY = b"<html><body>The server has had enough of it.</body></html>"

Fault = dict[str, Any]


class _Given:
    """A socket from which an answer is read that no server gave."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, *_: Any) -> io.BytesIO:
        """Return what there is to read."""
        return io.BytesIO(self._raw)


class Wire:
    """Counts the calls of this process and lets the chosen ones go wrong.

    Args:
        faults: each with ``call``, which call it befalls, counted from 1, and ``kind``:
            ``kill`` (``at``: before, head, body, after), ``answer`` (``status``: one of `ANSWERS`), ``reset``, ``cut``,
            ``slow`` (``seconds``). ``taken`` says whether the server takes the call all the same.
        struck: told of each fault and its call before it strikes: a process may be gone then.
        passes: lets time pass, in seconds.
    """

    def __init__(
        self, faults: list[Fault], struck: Callable[[Fault, str], None], passes: Callable[[float], None]
    ) -> None:
        self._waiting = {fault["call"]: fault for fault in faults}
        self._struck, self._passes = struck, passes
        self._now: dict[int, Fault] = {}
        self._sends: dict[int, int] = {}
        self.calls = 0

    def install(self) -> None:
        """Wrap the steps of ``http.client``, for the rest of this process."""
        connection = http.client.HTTPConnection
        putrequest, getresponse, send = connection.putrequest, connection.getresponse, connection.send

        def begun(this: Any, method: str, url: str, *arguments: Any, **named: Any) -> None:
            self.calls += 1
            fault = self._waiting.pop(self.calls, None)
            self._now.pop(id(this), None)
            if fault is not None:
                self._struck(fault, f"{method} {url.partition('?')[0]}"[-120:])
                self._begin(this, fault)
            putrequest(this, method, url, *arguments, **named)

        def sent(this: Any, data: Any) -> None:
            fault = self._now.get(id(this))
            if fault is None or not self._is_held_back(this, fault, data, send):
                send(this, data)

        def answered(this: Any, *arguments: Any, **named: Any) -> Any:
            fault = self._now.pop(id(this), None)
            if fault is not None and fault["kind"] == "answer" and not fault["taken"]:
                this.close()
                return _parsed(_raw(*ANSWERS[fault["status"]]))
            found = getresponse(this, *arguments, **named)
            return found if fault is None else _after(this, fault, found)

        connection.putrequest = begun  # type: ignore[method-assign,assignment]
        connection.send = sent  # type: ignore[method-assign,assignment]
        connection.getresponse = answered  # type: ignore[method-assign,assignment]

    def _begin(self, connection: Any, fault: Fault) -> None:
        """Do what befalls a call before anything of it is sent."""
        if fault["kind"] == "slow":
            self._passes(fault["seconds"])
        elif fault["kind"] == "kill" and fault["at"] == "before":
            os._exit(KILLED)
        elif fault["kind"] == "reset" and not fault["taken"]:
            connection.close()
            raise ConnectionResetError("the connection was reset")
        else:
            self._now[id(connection)], self._sends[id(connection)] = fault, 0

    def _is_held_back(self, connection: Any, fault: Fault, data: Any, send: Any) -> bool:
        """Send a part and die, or keep all to ourselves; False where it is to be sent as ever."""
        self._sends[id(connection)] += 1
        if fault["kind"] == "answer" and not fault["taken"]:
            if connection.sock is None:
                connection.connect()
            return True
        part = {"head": 1, "body": 2}.get(fault.get("at", ""))
        if fault["kind"] == "kill" and part == self._sends[id(connection)] and isinstance(data, bytes):
            send(connection, data[: int(len(data) * fault.get("share", 0.5))])
            os._exit(KILLED)
        return False


def _after(connection: Any, fault: Fault, found: Any) -> Any:
    """Do what becomes of the answer to a call that the server took."""
    if fault["kind"] == "kill":
        os._exit(KILLED)
    whole = found.read()
    connection.close()
    if fault["kind"] == "reset":
        raise ConnectionResetError("the connection was reset")
    if fault["kind"] == "answer":
        return _parsed(_raw(*ANSWERS[fault["status"]]))
    kept = [(name, value) for name, value in found.getheaders() if name not in ("Transfer-Encoding", "Content-Length")]
    lines = "".join(f"{name}: {value}\r\n" for name, value in kept)
    head = f"HTTP/1.1 {found.status} {found.reason}\r\n{lines}Content-Length: {len(whole)}\r\n\r\n"
    return _parsed(head.encode("latin-1") + whole[: len(whole) // 2])


def _raw(status: int, headers: Mapping[str, str]) -> bytes:
    named = {"Content-Type": "text/html", "Content-Length": str(len(BODY)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Odd\r\n{lines}\r\n".encode() + BODY


def _parsed(raw: bytes) -> http.client.HTTPResponse:
    """Read bytes as a client reads them off the wire."""
    response = http.client.HTTPResponse(_Given(raw), method="POST")  # type: ignore[arg-type]
    response.begin()
    return response
