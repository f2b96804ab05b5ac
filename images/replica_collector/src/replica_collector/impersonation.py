"""Being another service account: the pod's own identity asks the IAM Credentials API for a token of the collector's.

On Composer every pod is the environment's service account, and nobody can make another for it. google-auth's
``impersonated_credentials`` would do the same, but puts an answer it cannot read, token and all, into its exception.
"""

import threading
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from replica_collector import log
from replica_collector.connection import endpoint
from replica_collector.credentials import SCOPES, TOKEN_REQUEST_SECONDS, Credential, GoogleToken
from replica_collector.deadline import Deadline
from replica_collector.errors import UNDECODABLE, CredentialError, ImpersonationError, describe, redact
from replica_collector.transport import Client, Response

RIGHT = "iam.serviceAccounts.getAccessToken"
ROLE = "roles/iam.serviceAccountTokenCreator"

#: A pod lives for less than three minutes; a token that outlives it by far is one that can only be stolen.
LIFETIME = timedelta(minutes=15)
#: A token that has less than this left is not used for another request.
LEAST_LEFT = timedelta(minutes=1)
#: For all tries together.
PATIENCE_SECONDS = 20.0


class _Token(Struct):
    """The answer of generateAccessToken."""

    accessToken: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._~+/-]+=*$")]
    expireTime: Annotated[datetime, Meta(tz=True)]


class _Detail(Struct):
    """What is read of google.rpc.ErrorInfo."""

    reason: str = ""
    metadata: dict[str, str] = {}


class _Status(Struct):
    """A refusal in the words of Google's APIs."""

    message: str = ""
    details: list[_Detail] = []


class _Refusal(Struct):
    error: _Status


class ImpersonatedToken:
    """A token of ``account``, got with the pod's own; one instance serves all clusters and the output.

    What keeps the pod from having one keeps it from all clusters, so it is found out once: whoever asks later is
    refused with the same sentence, at once.
    """

    def __init__(
        self,
        source: GoogleToken,
        account: str,
        service: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source = source
        self._account = account
        self._endpoint = endpoint(service)
        self._now = now
        self._lock = threading.Lock()
        self._token = ""
        self._asked_at = self._expires_at = datetime.fromtimestamp(0, UTC)
        self._refusal = ""

    def token(self) -> str | None:
        """A token with a minute left at least; ImpersonationError says what to grant or to correct."""
        with self._lock:
            if self._now() + LEAST_LEFT > self._expires_at:
                self._refresh()
            return self._token

    def renew(self, rejected: str | None) -> bool:
        """Fetch a new token, unless another thread already has; a token this young was not rejected for its age."""
        with self._lock:
            if self._token == rejected and self._now() - self._asked_at > LEAST_LEFT:
                self._refresh()
            return self._token != rejected

    def _refresh(self) -> None:
        if not self._refusal:
            try:
                answer = self._ask()
            except ImpersonationError as error:
                self._refusal = str(error)
                log.line("ERROR", self._refusal, account=self._account)
            else:
                self._token, self._expires_at = answer.accessToken, answer.expireTime
        if self._refusal:
            raise ImpersonationError(self._refusal)

    def _ask(self) -> _Token:
        self._asked_at = self._now()
        client = Client(self._endpoint, self._source, Deadline(PATIENCE_SECONDS), TOKEN_REQUEST_SECONDS)
        body = msgspec.json.encode({"scope": SCOPES, "lifetime": f"{LIFETIME.total_seconds():.0f}s"})
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        account = urllib.parse.quote(self._account, safe="@")
        path = f"/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        try:
            response = client.request("POST", path, headers, lambda: (body,))
        except CredentialError as error:
            raise ImpersonationError(f"nobody can impersonate {self._account} without a token: {error}") from None
        except Exception as error:  # one sentence for all clusters, whatever kept the answer away
            raise ImpersonationError(f"{self._service} cannot be asked: {describe(error, client.secrets)}") from None
        finally:
            client.close()
        if response.status != 200:
            raise ImpersonationError(self._sentence(response))
        try:
            return msgspec.json.decode(response.body, type=_Token)
        except UNDECODABLE:
            # The answer may hold a token: it is not quoted.
            raise ImpersonationError(f"{self._service} answered something that is not a token") from None

    @property
    def _service(self) -> str:
        return f"the IAM Credentials API at {self._endpoint.host}"

    def _sentence(self, response: Response) -> str:
        """What was refused, and what to do about it."""
        status = _status(response)
        detail = next((detail for detail in status.details if detail.reason), _Detail())
        me = self._source.account or "the account that the pod runs as"
        if detail.reason == "SERVICE_DISABLED":
            where = detail.metadata.get("consumer", "the project of the account that asks").removeprefix("projects/")
            return f"the IAM Credentials API is off in {where}: enable iamcredentials.googleapis.com there"
        if detail.reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
            return f"the token of {me} lacks the scope cloud-platform: it cannot ask for one of {self._account}"
        if response.status == 403:
            return (
                f"{me} may not impersonate {self._account}: grant it {ROLE} on that service account (the right is "
                f"{RIGHT}), or correct collector.impersonate if there is no such account"
            )
        if response.status == 404:
            return f"there is no service account {self._account}: create it, or correct collector.impersonate"
        said = f": {redact(status.message)}" if status.message else ""
        return f"{self._service} answered HTTP {response.status} for {self._account}{said}"


def _status(response: Response) -> _Status:
    try:
        return msgspec.json.decode(response.body, type=_Refusal).error
    except UNDECODABLE:
        return _Status()


class OwnIfRefused:
    """The collector's identity; the pod's own where that one cannot be had, so that a manifest can say why."""

    def __init__(self, impersonated: Credential, own: Credential) -> None:
        self._impersonated = impersonated
        self._own = own

    def token(self) -> str | None:
        """Whichever token there is."""
        return self._with(lambda credential: credential.token())

    def renew(self, rejected: str | None) -> bool:
        """Renew whichever token there is."""
        return bool(self._with(lambda credential: credential.renew(rejected)))

    def _with(self, use: Callable[[Credential], Any]) -> Any:
        try:
            return use(self._impersonated)
        except ImpersonationError:
            return use(self._own)
