"""HTTP with retries: what is weather (try again) and what is an answer (hand it back)."""

import http.client
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from replica_collector import __version__
from replica_collector.body import Body
from replica_collector.body import read as body_of
from replica_collector.connection import Connection, Endpoint
from replica_collector.credentials import Credential
from replica_collector.deadline import Deadline
from replica_collector.errors import Misconfigured, Redirected
from replica_collector.retrying import MAX_ATTEMPTS, RETRIED_STATUSES, backoff, is_weather, retry_after
from replica_collector.turns import Turn


@dataclass(frozen=True)
class Response:
    """An answer that arrived whole."""

    status: int
    headers: Mapping[str, str]
    body: Body

    @property
    def wait(self) -> float | None:
        """How long the server asks to be left alone."""
        return retry_after(self.headers.get("retry-after"))


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
            pause = backoff(attempt) if outcome.wait is None else outcome.wait
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
            if not is_weather(error):
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
        content = body_of(raw, self._count, self.turn.unpack)
        answer = Response(raw.status, {name.lower(): value for name, value in raw.getheaders()}, content)
        if raw.will_close or not raw.isclosed():
            self.close()
        return answer

    def _count(self, size: int) -> None:
        self.bytes_read += size
