"""HTTP with retries: what is weather (try again) and what is an answer (hand it back)."""

import email.utils
import http.client
import itertools
import random
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from replica_collector import __version__
from replica_collector.connection import Connection, Endpoint
from replica_collector.credentials import Credential
from replica_collector.deadline import Deadline
from replica_collector.errors import BodyCut, Misconfigured, PageTooLarge, Redirected
from replica_collector.turns import Sheet, Turn

MAX_ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 8.0
RETRIED_STATUSES = frozenset((408, 429, 500, 502, 503, 504))
READ_BYTES = 256 * 1024
UNPACK_BYTES = 64 * 1024
MAX_BODY_BYTES = 16 * 1024 * 1024
MAX_ERROR_BODY_BYTES = 64 * 1024
CUT = "the connection ended before the body did"


Body = bytearray | memoryview
"""Of one that came compressed it is a part of the sheet, and holds until the next page."""


@dataclass(frozen=True)
class Response:
    """An answer that arrived whole."""

    status: int
    headers: Mapping[str, str]
    body: Body

    @property
    def wait(self) -> float | None:
        """How long the server asks to be left alone."""
        return _retry_after(self.headers.get("retry-after"))


@dataclass(frozen=True)
class _Weather:
    """A try that failed on the way; the next one may well succeed."""

    error: Exception
    wait: float | None


@dataclass
class Client:
    """One connection to one server, with its token, its deadline and the count of what it took."""

    endpoint: Endpoint
    credential: Credential
    deadline: Deadline
    request_seconds: float = 30.0
    is_gzip: bool = True
    turn: Turn = field(default_factory=Turn)
    retries: int = 0
    bytes_read: int = 0
    _connection: Connection | None = None
    _secrets: set[str] = field(default_factory=set)

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: Callable[[], Iterable[bytes]] | None = None,
    ) -> Response:
        """Send a request until there is an answer that a repetition would not change.

        ``body`` is called for each try, so a repetition sends it from the start. Returns the last answer, whatever its
        status, or raises what kept the last try from getting one.
        """
        return self._insist(lambda token: self._exchange(method, target, headers or {}, body, token), RETRIED_STATUSES)

    def knock(self, target: str, first_seconds: float) -> Response:
        """Ask until the server answers at all, whatever it says.

        The first try has ``first_seconds`` and each further one, over a connection of its own, twice as long: who is
        asked beside many others is not waited for at once.
        """
        shares = (min(self.request_seconds, first_seconds * 2**number) for number in itertools.count())
        return self._insist(lambda token: self._exchange("GET", target, {}, None, token, next(shares)), frozenset())

    def _insist(self, exchange: Callable[[str | None], Response], retried: frozenset[int]) -> Response:
        attempt, may_renew = 1, True
        while True:
            self.turn.take()
            token = self._token()
            outcome = self._attempt(exchange, token)
            if isinstance(outcome, Response):
                if outcome.status == 401 and may_renew and self.credential.renew(token):
                    may_renew = False
                    self.retries += 1
                    continue
                if outcome.status not in retried:
                    return outcome
            pause = _backoff(attempt) if outcome.wait is None else outcome.wait
            # Waiting beyond the deadline would only turn a precise answer into "timeout".
            if attempt >= MAX_ATTEMPTS or pause >= self.deadline.left():
                if isinstance(outcome, Response):
                    return outcome
                raise outcome.error
            attempt += 1
            self.retries += 1
            self.turn.leave()
            self.deadline.sleep(pause)

    @property
    def secrets(self) -> frozenset[str]:
        """The tokens this client sent, for redaction."""
        return frozenset(self._secrets)

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _token(self) -> str | None:
        token = self.credential.token()
        if token is None:
            return None
        if self.endpoint.tls is None:
            raise Misconfigured("a token is only sent over https")
        self._secrets.add(token)
        return token

    def _attempt(self, exchange: Callable[[str | None], Response], token: str | None) -> Response | _Weather:
        is_reused = self._connection is not None
        is_whole = False
        try:
            response = exchange(token)
            is_whole = True
            return response
        except (OSError, http.client.HTTPException) as error:
            if not _is_weather(error):
                raise
            # A kept connection that the server closed meanwhile says nothing about the server's health.
            return _Weather(error, 0.0 if is_reused and isinstance(error, ConnectionError) else None)
        finally:
            if not is_whole:
                self.close()

    def _exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Callable[[], Iterable[bytes]] | None,
        token: str | None,
        seconds: float | None = None,
    ) -> Response:
        if self._connection is None:
            self._connection = Connection(self.endpoint, self.deadline)
        sent = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip" if self.is_gzip else "identity",
            "User-Agent": f"replica-collector/{__version__}",
            **headers,
        }
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        self._connection.allow(seconds or self.request_seconds)
        self._connection.request(method, f"{self.endpoint.prefix}{target}", body() if body else None, sent)
        raw = self._connection.getresponse()
        if 300 <= raw.status < 400:
            raise Redirected(f"HTTP {raw.status}: redirects are not followed, since they could carry the token away")
        content = self._read(raw)
        answer = Response(raw.status, {name.lower(): value for name, value in raw.getheaders()}, content)
        if raw.will_close or not raw.isclosed():
            self.close()
        return answer

    def _read(self, raw: http.client.HTTPResponse) -> Body:
        is_error = raw.status >= 400
        most = MAX_ERROR_BODY_BYTES if is_error else MAX_BODY_BYTES
        is_fixed = raw.length is not None and raw.length <= most
        body = self._fill(raw, raw.length or 0) if is_fixed else self._gather(raw, most, is_error)
        if raw.getheader("Content-Encoding") != "gzip" or not body:
            return body
        return _unpacked(body, most, is_error, Sheet() if is_error else self.turn.unpack())

    def _gather(self, raw: http.client.HTTPResponse, most: int, is_error: bool) -> bytearray:
        body = bytearray()
        while piece := raw.read(READ_BYTES):
            self.bytes_read += len(piece)
            body += piece
            if len(body) > most:
                if is_error:
                    return body  # long enough to say what is wrong
                raise PageTooLarge(f"the answer is larger than {most} bytes")
        # read(n) reports a body that ends early as a plain end of file.
        if raw.length:
            raise BodyCut(CUT)
        return body

    def _fill(self, raw: http.client.HTTPResponse, length: int) -> bytearray:
        """Read a body of known length into its place: no copy of each piece."""
        body = bytearray(length)
        filled = 0
        with memoryview(body) as view:
            while filled < length and (count := raw.readinto(view[filled : filled + READ_BYTES])):
                filled += count
                self.bytes_read += count
        if filled < length:
            raise BodyCut(CUT)
        raw.read()  # http.client lets go of the connection at the end it is told of
        return body


def _unpacked(packed: bytearray, most: int, is_error: bool, sheet: Sheet) -> memoryview:
    """Unpack a body that is there whole, piece by piece: at once would hold it twice for a moment."""
    unpack = zlib.decompressobj(31)
    # The last four bytes say how large it was; one that lies is longer by the pieces that come.
    body = sheet.of(min(most, int.from_bytes(packed[-4:], "little")))
    size = 0
    with memoryview(packed) as view:
        for start in range(0, len(packed), UNPACK_BYTES):
            piece = unpack.decompress(view[start : start + UNPACK_BYTES], most + 1 - size)
            if size + len(piece) > len(body):
                body = body + bytes(size + len(piece) - len(body))
            body[size : size + len(piece)] = piece
            size += len(piece)
            if size > most:
                if is_error:
                    break
                raise PageTooLarge(f"the answer is larger than {most} bytes")
    if not unpack.eof and not is_error:
        raise BodyCut(CUT)
    return memoryview(body)[:size]


def _is_weather(error: Exception) -> bool:
    """Whether the same request might well succeed in a moment."""
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    if isinstance(error, ssl.SSLError):
        return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    return True


def _backoff(attempt: int) -> float:
    return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt) * random.uniform(0.5, 1.5))


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, from either form of the header; None when it is absent or makes no sense."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())
