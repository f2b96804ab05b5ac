"""One call of each kind to everything but BigQuery: Slack's methods, a list of one item per cluster, one document."""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pedwatch.alerts import block_kit
from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.messages import Message
from pedwatch.config import Config
from pedwatch.errors import LimitStoreError, NotifyError
from pedwatch.observations.discovery import ProjectListing, find
from pedwatch.observations.intake.one_item import list_one
from pedwatch.probe import outcomes
from pedwatch.probe.outcomes import Outcome

if TYPE_CHECKING:
    from pedwatch.limits.store.firestore import FirestoreLimits

SLACK_METHODS = (
    "auth.test",
    "conversations.info",
    "blocks.validate",
    "chat.postMessage",
    "chat.update",
    "chat.getPermalink",
    "reactions.get",
    "conversations.replies",
    "conversations.history",
    "chat.delete",
)
"""Every method the product calls, and the one that takes the probe's own posts away again."""
SLACK, CLUSTER, GKE, FIRESTORE = "Slack", "Cluster", "GKE", "Firestore"
_EVENT_TYPE = "pedwatch_probe"
_OPTIONAL = {"blocks.validate": "unknown_method"}
_LOOK_BACK = dt.timedelta(days=1)
_ERROR = 300


def slack_outcomes(channel: SlackChannel, identifier: str, now: dt.datetime) -> Iterator[Outcome]:
    """Call each method once in one channel; what was posted is deleted, also what a killed run has left there."""
    slack = _Slack(channel, identifier, now)
    try:
        for method in SLACK_METHODS[:-1]:
            yield slack.ask(method)
    finally:
        deleted = slack.delete_posts()
    yield deleted


class _Slack:
    """The calls, which follow from each other: what is posted is edited, linked, read back and deleted."""

    def __init__(self, channel: SlackChannel, identifier: str, now: dt.datetime) -> None:
        self._channel, self._identifier, self._now = channel, identifier, now
        self._message = Message(
            ":test_tube:", "Probe", "pedwatch asks whether Slack takes its messages; this one goes away by itself"
        )
        self._ts = ""
        self._left: set[str] = set()

    def ask(self, method: str) -> Outcome:
        """Call one method."""
        needs_post = method in ("chat.update", "chat.getPermalink", "reactions.get", "conversations.replies")
        if needs_post and not self._ts:
            return Outcome(SLACK, method, "skipped", error="there is no message of ours to ask about")
        outcome, answer = _asked(SLACK, method, lambda: self._channel.call(method, self._arguments(method)))
        if answer is None and _OPTIONAL.get(method, "-") in outcome.error:
            return Outcome(SLACK, method, "skipped", outcome.elapsed_ms, error="this workspace has no such method")
        if method == "chat.postMessage" and answer is not None:
            self._ts = str(answer["ts"])
        if method == "conversations.history" and answer is not None:
            self._left = {str(one["ts"]) for one in answer.get("messages") or [] if _is_ours(one)}
        return outcome

    def delete_posts(self) -> Outcome:
        """Delete what was posted now and by runs that did not come to it."""
        posts = sorted({self._ts, *self._left} - {""})
        if not posts:
            return Outcome(SLACK, "chat.delete", "skipped", error="nothing was posted")
        outcomes = [
            _asked(SLACK, "chat.delete", lambda ts=ts: self._channel.call("chat.delete", self._place(ts)))[0]  # type: ignore[misc]
            for ts in posts
        ]
        return next((one for one in outcomes if one.status == "refused"), outcomes[-1])

    def _place(self, ts: str) -> dict[str, Any]:
        return {"channel": self._identifier, "ts": ts}

    def _arguments(self, method: str) -> Mapping[str, Any]:
        shown = {
            "text": block_kit.text_of(self._message),
            "blocks": block_kit.parent_blocks(self._message),
        }
        oldest = (self._now - _LOOK_BACK).timestamp()
        window = {"channel": self._identifier, "oldest": f"{oldest:.6f}", "limit": 200, "include_all_metadata": True}
        post = {
            "channel": self._identifier,
            "metadata": {"event_type": _EVENT_TYPE, "event_payload": {"made_by": "python -m pedwatch probe"}},
            "unfurl_links": False,
            "unfurl_media": False,
        }
        arguments: dict[str, Mapping[str, Any]] = {
            "auth.test": {},
            "conversations.info": {"channel": self._identifier},
            "blocks.validate": {"blocks": shown["blocks"]},
            "chat.postMessage": post | shown,
            "chat.update": self._place(self._ts) | shown,
            "chat.getPermalink": {"channel": self._identifier, "message_ts": self._ts},
            "reactions.get": {"channel": self._identifier, "timestamp": self._ts, "full": True},
            "conversations.replies": window | {"ts": self._ts},
            "conversations.history": window,
        }
        return arguments[method]


def _is_ours(message: Mapping[str, Any]) -> bool:
    return (message.get("metadata") or {}).get("event_type") == _EVENT_TYPE


def firestore_outcome(store: "FirestoreLimits") -> Outcome:
    """Read one document."""
    return _asked(FIRESTORE, "one document", store.server_time)[0]


def cluster_outcomes(
    config: Config,
    list_project: Callable[[str], ProjectListing] | None,
    token: Callable[[], str],
    now: dt.datetime,
) -> Iterator[Outcome]:
    """List the clusters of each project of ``discovery``, then one Deployment of every cluster there is.

    Args:
        config: names the clusters.
        list_project: asks GKE; None where nothing is discovered.
        token: returns the bearer token for clusters with ``auth: google``; asked for once for each.
        now: the moment.
    """
    listings = []
    for project in config.discovery.projects if list_project else ():
        began = time.monotonic()
        listing = list_project(project) if list_project else ProjectListing(project)
        listings.append(listing)
        error = (
            outcomes.first_sentence(f"{listing.error_class}: {listing.error_message}") if listing.error_class else ""
        )
        yield Outcome(GKE, project, "refused" if error else "accepted", _since(began), error=error)
    for cluster in find(config, listings, [], now).clusters:
        yield _asked(CLUSTER, cluster.name, lambda cluster=cluster: list_one(cluster, token))[0]  # type: ignore[misc]


def _asked(area: str, name: str, ask: Callable[[], Any]) -> tuple[Outcome, Any]:
    """Ask, and turn whatever comes into an outcome; one that refuses never stops the others."""
    began = time.monotonic()
    try:
        answer = ask()
    except (NotifyError, LimitStoreError) as error:
        return Outcome(area, name, "refused", _since(began), error=outcomes.first_sentence(str(error))), None
    except Exception as error:  # noqa: BLE001 (what is refused is what is asked about; no client shares a base class)
        return Outcome(area, name, "refused", _since(began), error=_named(error)), None
    return Outcome(area, name, "accepted", _since(began)), answer


def _named(error: Exception) -> str:
    status = getattr(error, "status", None)
    reason = f"HTTP {status} {getattr(error, 'reason', '')}" if status else str(error)
    return " ".join(f"{type(error).__name__}: {reason}".split())[:_ERROR]


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
