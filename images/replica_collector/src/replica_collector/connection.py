"""An HTTP connection whose every byte is bounded in time.

``http.client`` sets one timeout per ``recv``, so a server that drips a byte now and then can hold a reader for ever.
Here each read asks the clock first, for the status line and the headers as well as for the body.
"""

import http.client
import io
import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from replica_collector.deadline import Deadline
from replica_collector.errors import Misconfigured
from replica_collector.tls import system_context

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

CONNECT_SECONDS = 10.0
READ_BUFFER = 64 * 1024  # a TLS record has 16 KB
# How soon a blocked read notices a cancellation.
SLICE_SECONDS = 0.5
_HOST = re.compile(r"[A-Za-z0-9_:%]([-A-Za-z0-9_.:%]{0,252}[A-Za-z0-9_:%.])?")
_PATH = re.compile(r"[!-~]*")


@dataclass(frozen=True)
class Endpoint:
    """Where an HTTP server is: address, path prefix, and TLS context (None for plain HTTP, see ``emulator``)."""

    host: str
    port: int
    prefix: str
    tls: ssl.SSLContext | None
    server_name: str | None = None


def endpoint(url: str, tls: ssl.SSLContext | None = None, server_name: str | None = None) -> Endpoint:
    """Parse a base URL; a bare host or address means https, as GKE lists its endpoints. There is no other scheme."""
    host, port, prefix = _parts(url, "https")
    if server_name is not None and not _HOST.fullmatch(server_name):
        raise Misconfigured(f"not a server name: {server_name[:100]!r}")
    return Endpoint(host, port or 443, prefix, tls or system_context(), server_name)


def emulator(url: str) -> Endpoint:
    """Parse what Google's clients read from an emulator variable: plain http, to which no token is ever sent."""
    host, port, prefix = _parts(url, "http")
    return Endpoint(host, port or 80, prefix, None)


def _parts(url: str, scheme: str) -> tuple[str, int | None, str]:
    try:
        parts = urlsplit(url if "://" in url else f"{scheme}://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Misconfigured(f"not a server address: {error}") from None
    if parts.scheme != scheme or not host or parts.query or parts.username is not None:
        raise Misconfigured(f"a server address is {scheme}://host[:port][/prefix], without user, query or fragment")
    if not _HOST.fullmatch(host) or not _PATH.fullmatch(parts.path):
        raise Misconfigured(f"not a server address: {url[:100]!r} holds a character that none has")
    return host, port, parts.path.rstrip("/")


class Connection(http.client.HTTPConnection):
    """A keep-alive connection to an endpoint; ``allow`` sets the time for the exchange that follows."""

    def __init__(self, target: Endpoint, deadline: Deadline) -> None:
        self.default_port = 443 if target.tls else 80
        super().__init__(target.host, target.port)
        self._target = target
        self._deadline = deadline
        self._ends = 0.0

    def allow(self, seconds: float) -> None:
        """Give the next request and its answer this long, within the deadline."""
        self._ends = time.monotonic() + min(seconds, self._deadline.left())

    def left(self) -> float:
        """Seconds left for this exchange; raises when there are none."""
        self._deadline.check()
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the server did not answer in full in time")
        return left

    def connect(self) -> None:
        """Open the connection, trying each address of the host in turn."""
        self.sock = _BoundedSocket(self, self._open())

    def _open(self) -> socket.socket:
        failure: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM):
            raw = socket.socket(family, kind, protocol)
            try:
                raw.settimeout(min(CONNECT_SECONDS, self.left()))
                raw.connect(address)
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._target.tls is None:
                    return raw
                return self._target.tls.wrap_socket(raw, server_hostname=self._target.server_name or self.host)
            except BaseException as error:
                raw.close()
                # A wrong certificate is the cluster's answer; only a dead address is worth trying the next one.
                if not isinstance(error, OSError) or isinstance(error, ssl.SSLError):
                    raise
                failure = error
        raise failure or OSError(f"no address for {self.host}")


class _BoundedSocket:
    """The part of a socket that ``http.client`` uses, with the connection's clock in front of each call."""

    def __init__(self, connection: Connection, raw: socket.socket) -> None:
        self._connection = connection
        self._raw = raw
        self._is_read = False
        self._is_closed = False

    def sendall(self, data: "ReadableBuffer") -> None:
        self._raw.settimeout(self._connection.left())
        self._raw.sendall(data)

    def recv_into(self, buffer: "WriteableBuffer") -> int:
        while True:
            self._raw.settimeout(min(SLICE_SECONDS, self._connection.left()))
            try:
                return self._raw.recv_into(buffer)
            except TimeoutError:
                continue  # left() ends the loop when the time is up

    def makefile(self, mode: str) -> io.BufferedReader:
        self._is_read = True
        return io.BufferedReader(_Reader(self), READ_BUFFER)

    def close(self) -> None:
        # http.client closes the socket before it reads a body that ends with the connection.
        self._is_closed = True
        if not self._is_read:
            self._raw.close()

    def reader_closed(self) -> None:
        self._is_read = False
        if self._is_closed:
            self._raw.close()


class _Reader(io.RawIOBase):
    def __init__(self, bounded: _BoundedSocket) -> None:
        self._bounded = bounded

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        return self._bounded.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._bounded.reader_closed()
