"""What came of a call to Slack: its answer, or the error that says what is known of it.

Only Slack's own JSON refuses: ``ok: false`` with a code of ``slack_refusals``. A page, an empty answer or half a one, a
redirect to a login, bytes that are no text say nothing about the message: a post may stand, all else is asked again.
"""

import datetime as dt
import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from pedwatch.alerts.channels import slack_refusals as refusals
from pedwatch.alerts.channels.retry_after import retry_after
from pedwatch.alerts.transport import SendError, UnusableTransportError
from pedwatch.errors import NotifyError

log = logging.getLogger(__name__)

_CODE = re.compile(r"[a-z][a-z0-9_]*")


class SlackRefusedError(SendError):
    """Slack refused a call by a code; what that means for the message is ``meaning``."""

    def __init__(self, method: str, code: str, meaning: refusals.Meaning) -> None:
        mend = {"closed": refusals.CHANNEL.get(code), "ours": "pedwatch asked wrongly, report it"}.get(meaning)
        is_dead = meaning in ("closed", "elsewhere", "gone", "stands", "blocks", "ours")
        outcome = {"wait": "later", "unclear": "ambiguous", "unknown": "ambiguous"}.get(meaning, "dead")
        super().__init__(
            "dead" if is_dead else outcome,  # type: ignore[arg-type]
            f"{method}: {code}" + (f": {mend}" if mend else ""),
            holds_channel=meaning == "wait",
            is_odd=meaning == "unknown",
        )
        self.code = code
        self.meaning = meaning


def call_of(method: str, arguments: Mapping[str, Any]) -> refusals.Call:
    """Return what a call does, as the table of refusals names it."""
    if method == "chat.postMessage":
        return "reply" if arguments.get("thread_ts") else "post"
    return "edit" if method in ("chat.update", "chat.delete") else "read"


def answered(method: str, call: refusals.Call, ask: Callable[[], Any], connection: str, now: dt.datetime) -> Any:
    """Ask, and return Slack's answer if it is one that says yes.

    Args:
        method: of the Web API.
        call: what it does.
        ask: makes the call.
        connection: Airflow's name for it, to be mended.
        now: wall clock.

    Raises:
        SlackRefusedError, SendError, UnusableTransportError: as classified.
    """
    from slack_sdk.errors import SlackApiError

    try:
        answer = ask()
    except SlackApiError as error:
        raise _error(method, call, error.response, connection, now) from None
    except Exception as error:  # noqa: BLE001 a timeout, half an answer, a foreign status line: it may have arrived
        raise _unclear(method, call, type(error).__name__) from None
    data = getattr(answer, "data", None)
    if not isinstance(data, dict) or data.get("ok") is not True:
        raise _unclear(method, call, "an answer that is none of Slack's")
    return answer


def _error(method: str, call: refusals.Call, response: Any, connection: str, now: dt.datetime) -> NotifyError:
    status, data = getattr(response, "status_code", 200), response.data
    if status == 429:
        return _patience(method, response, now)
    code = data.get("error") if isinstance(data, dict) and data.get("ok") is False else None
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return _unclear(method, call, f"HTTP {status} with {_told(data)}")
    if status >= 500:
        return _unclear(method, call, f"HTTP {status} {code}")
    meaning = refusals.meaning(call, code)
    if meaning == "patience":
        return _patience(method, response, now)
    if meaning == "unusable":
        return UnusableTransportError(f"{code}: {refusals.UNUSABLE[code]} ({connection})")
    if meaning == "unknown":
        log.error("pedwatch_slack_code_unknown method=%s code=%s", method, code)
    refused = SlackRefusedError(method, code, meaning)
    if refused.outcome == "ambiguous" and call != "post" and call != "reply":
        refused.outcome = "later"  # what changes nothing, or the same again, is unclear to nobody
    return refused


def _patience(method: str, response: Any, now: dt.datetime) -> SendError:
    return SendError("later", f"ratelimited: {method}", retry_after(response.headers, now), holds_channel=True)


def _unclear(method: str, call: refusals.Call, what: str) -> SendError:
    return SendError("ambiguous" if call in ("post", "reply") else "later", f"{method}: {what}")


def _told(data: Any) -> str:
    """Say in a few words what came, without any of its own: a page may hold anything."""
    if isinstance(data, dict) and str(data.get("error", "")).startswith("Received a response in a non-JSON format"):
        return "a page or an empty answer in place of Slack's"
    return "an answer that is none of Slack's"


def form(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return arguments as a form has them: flags as ``true`` or ``false``, lists and objects as JSON text."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()}


def code_of(error: NotifyError) -> str:
    """Return Slack's error code: of ``method: code``, with what to mend or not, or of ``code: what to mend``."""
    first, second, *_ = [*str(error).split(": "), ""]
    return second if isinstance(error, SendError) else first
