"""Google's REST APIs as the doctor asks them: one GET, and what the answer says of who asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pedwatch.doctor.findings import Finding

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_TIMEOUT_SECONDS = 15
_SENTENCE = 200


@dataclass(frozen=True)
class Answer:
    """An answer: its HTTP status, and its JSON; nothing where it was none."""

    status: int
    body: Mapping[str, Any]

    @property
    def words(self) -> str:
        """What the refusal says."""
        error = self.body.get("error")
        said = error.get("message") if isinstance(error, Mapping) else self.body.get("detail")
        return f"HTTP {self.status} {said or ''}".strip()[:_SENTENCE]

    @property
    def is_disabled(self) -> bool:
        """Whether the API is not enabled in the project: that is no right of who asks."""
        error = self.body.get("error")
        details = error.get("details") if isinstance(error, Mapping) else None
        return any(isinstance(one, Mapping) and one.get("reason") == "SERVICE_DISABLED" for one in details or [])


Ask = Callable[[str], Answer]
"""Fetches an address as whoever runs the doctor."""


def asking(credentials: "Credentials") -> Ask:
    """Return what fetches with these credentials."""
    from google.auth.transport.requests import AuthorizedSession

    session = AuthorizedSession(credentials)

    def ask(address: str) -> Answer:
        answer = session.get(address, timeout=_TIMEOUT_SECONDS)
        try:
            body = answer.json()
        except ValueError:
            body = {}
        return Answer(answer.status_code, body if isinstance(body, dict) else {})

    return ask


def refusal(area: str, what: str, answer: Answer, right: str, absent: str) -> Finding | None:
    """Return what an answer that is none says; None where it is one.

    Args:
        area: of the finding.
        what: was asked for.
        answer: what came.
        right: permission and role that permit it.
        absent: what to do where there is no such thing.
    """
    if answer.status == 200:
        return None
    if answer.is_disabled:
        return Finding(area, what, "failed", answer.words, "enable that API in the project: gcloud services enable")
    if answer.status in (401, 403):
        return Finding(area, what, "denied", answer.words, f"you need {right}")
    if answer.status == 404:
        return Finding(area, what, "failed", "not found", absent)
    return Finding(area, what, "failed", answer.words, "ask again; if it stays so, Google's status page")
