"""Where bearer tokens come from, and what to do when a server rejects one."""

import threading
from pathlib import Path
from typing import Any, Protocol

from replica_collector.errors import CredentialError

#: With the second GKE knows the caller by e-mail, which is what RBAC binds; without it only by number.
SCOPES = ("https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email")
TOKEN_REQUEST_SECONDS = 10.0


class Credential(Protocol):
    """A source of bearer tokens."""

    def token(self) -> str | None:
        """The token to send now, or None to send none."""

    def renew(self, rejected: str | None) -> bool:
        """After a 401: whether ``token`` now has something other than the rejected token to offer."""


class Anonymous:
    """No token at all."""

    def token(self) -> str | None:
        """Send none."""
        return None

    def renew(self, rejected: str | None) -> bool:
        """There is nothing to renew."""
        return False


class StaticToken:
    """A token written in a kubeconfig."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str | None:
        """The one token."""
        return self._token

    def renew(self, rejected: str | None) -> bool:
        """It cannot change."""
        return False


class TokenFile:
    """A token in a file that something else rotates; read again for each request, since it may change any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def token(self) -> str | None:
        """The file's content."""
        try:
            token = self._path.read_text("ascii").strip()
        except (OSError, ValueError) as error:  # not there, no ASCII, or no path at all
            raise CredentialError(f"cannot read the token file {str(self._path)!r}: {error}") from None
        if any(character <= " " or character == "\x7f" for character in token):
            raise CredentialError(f"the token file {str(self._path)!r} holds more than one token on one line")
        if not token:
            raise CredentialError(f"the token file {self._path} is empty")
        return token

    def renew(self, rejected: str | None) -> bool:
        """Whether the file was rotated since the rejected token was read."""
        return self.token() != rejected


class GoogleToken:
    """Application Default Credentials: the pod's own identity on Google Cloud, a key or gcloud's login elsewhere.

    One instance serves all clusters and the output, so the token is fetched once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: Any = None
        self._request: Any = None

    def token(self) -> str | None:
        """A token that has not expired."""
        with self._lock:
            if self._credentials is None:
                self._load()
            if not self._credentials.valid:
                self._refresh()
            return str(self._credentials.token)

    def renew(self, rejected: str | None) -> bool:
        """Fetch a new token, unless another thread already has."""
        with self._lock:
            if self._credentials.token == rejected:
                self._refresh()
            return bool(self._credentials.token != rejected)

    @property
    def account(self) -> str | None:
        """Who this is, where that is known: a service account, once it has a token."""
        name = getattr(self._credentials, "service_account_email", None) or ""
        return name if "@" in name else None

    def _load(self) -> None:
        # Imported here: these two cost 25 MB and 0.2 s, which a run with tokens from files need not pay.
        import google.auth
        import google.auth.transport.requests

        self._request = google.auth.transport.requests.Request()
        try:
            self._credentials, _ = google.auth.default(scopes=SCOPES, request=self._request)
        except google.auth.exceptions.GoogleAuthError as error:
            raise CredentialError(f"no Google credentials: {error}") from None

    def _refresh(self) -> None:
        import google.auth.exceptions

        def request(*args: Any, **kwargs: Any) -> Any:
            return self._request(*args, **{"timeout": TOKEN_REQUEST_SECONDS, **kwargs})

        try:
            self._credentials.refresh(request)
        except google.auth.exceptions.GoogleAuthError as error:
            raise CredentialError(f"Google refused a token: {error}") from None
