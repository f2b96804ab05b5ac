"""Identities: may who we are here become who the collector's pods have to be."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pedwatch.config import Collector, Config
from pedwatch.doctor.findings import Finding

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

AREA = "Identity"
ROLE = "roles/iam.serviceAccountTokenCreator"
RIGHT = "iam.serviceAccounts.getAccessToken"
SCOPES = ("https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email")
NO_LOGIN = "log in (gcloud auth application-default login), or run the doctor as the environment's account"
_TIMEOUT_SECONDS = 10


def connect() -> "Credentials":
    """Return application default credentials: of the environment on Composer, of a person at a shell.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: there are none.
    """
    import google.auth

    credentials, _ = google.auth.default(scopes=SCOPES)
    return credentials


def identity_findings(collector: Collector, connect: Callable[[], "Credentials"]) -> Iterator[Finding]:
    """Ask for a token of the account to impersonate, and throw it away.

    Args:
        collector: names the account and the address of the IAM Credentials API.
        connect: returns the credentials of who asks; called only where there is something to ask.

    Raises:
        requests.RequestException, google.auth.exceptions.GoogleAuthError: the API, or Google's own login, is not there.
    """
    account = collector.impersonate
    if account is None:
        detail = "collector.impersonate is not set: the pods are whoever they run as"
        yield Finding(AREA, "impersonation", "skipped", detail)
        return
    yield _may_become(collector, account, "collector.impersonate", connect())


def writer_findings(config: Config, connect: Callable[[], "Credentials"]) -> Iterator[Finding]:
    """Ask likewise for a token of the account that writes heads of evidence, where one is configured.

    Raises:
        requests.RequestException, google.auth.exceptions.GoogleAuthError: the API, or Google's own login, is not there.
    """
    if account := config.evidence_heads.writer:
        yield _may_become(config.collector, account, "evidence_heads.writer", connect())


def _may_become(collector: Collector, account: str, setting: str, credentials: "Credentials") -> Finding:
    what = f"impersonates {account}"
    answer = _impersonate(collector, account, credentials)
    body = _json(answer)
    me = getattr(credentials, "service_account_email", None) or "you"
    if answer.status_code != 200:
        message, reason = _refusal(body)
        detail = f"HTTP {answer.status_code} to {me}: {message}"
        return Finding(AREA, what, "failed", detail, _fix(answer, reason, account, setting))
    if isinstance(body.get("accessToken"), str):
        return Finding(AREA, what, "ok", f"{me} may")
    fix = "correct collector.iam_endpoint: something else answers there"
    return Finding(AREA, what, "failed", "the answer is no token", fix)


def collector_token(collector: Collector, connect: Callable[[], "Credentials"] = connect) -> str:
    """Return a token to ask a cluster with, as the collector would: its account's, else that of who asks.

    Raises:
        requests.RequestException, google.auth.exceptions.GoogleAuthError: the API, or Google's own login, is not there.
        PermissionError: who asks may not become the account.
    """
    from google.auth.transport.requests import Request

    credentials, account = connect(), collector.impersonate
    if account is None:
        credentials.refresh(Request())
        return str(credentials.token)
    answer = _impersonate(collector, account, credentials)
    if answer.status_code != 200:
        message, _ = _refusal(_json(answer))
        raise PermissionError(f"you may not become {account} (HTTP {answer.status_code} {message}): grant {ROLE} on it")
    return str(_json(answer).get("accessToken", ""))


def _impersonate(collector: Collector, account: str, credentials: "Credentials") -> Any:
    from google.auth.transport.requests import AuthorizedSession

    with AuthorizedSession(credentials) as session:
        return session.post(
            f"{collector.iam_endpoint.rstrip('/')}/v1/projects/-/serviceAccounts/{account}:generateAccessToken",
            json={"scope": SCOPES, "lifetime": "60s"},
            timeout=_TIMEOUT_SECONDS,
        )


def _json(answer: Any) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(body: dict[str, Any]) -> tuple[str, str]:
    """What Google's APIs say: a sentence, and the reason's own name where there is one."""
    error = body.get("error")
    if not isinstance(error, dict):
        return "not an answer of Google's", ""
    details = error.get("details")
    reasons = [item["reason"] for item in details if isinstance(item, dict) and "reason" in item] if details else []
    return str(error.get("message", ""))[:200], str(reasons[0]) if reasons else ""


def _fix(answer: Any, reason: str, account: str, setting: str) -> str:
    if reason == "SERVICE_DISABLED":
        return "gcloud services enable iamcredentials.googleapis.com"
    if answer.status_code == 404:
        return f"create the service account {account}, or correct {setting}"
    if answer.status_code == 403:
        return (
            f"grant {ROLE} (it holds {RIGHT}) on {account} to the environment's service account, which tasks and "
            "pods run as; to yourself too, to ask from here"
        )
    return "see docs/deployment.md, Rights"
