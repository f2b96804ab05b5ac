"""An hour without Slack, then 1,000 messages in 20 channels: how long is spent sending, and how many cycles it takes.

On a clock of its own, against Slack's limits: a message a second and channel, 240 posts and 50 edits a minute in a
workspace, which are enforced here for the base as well. A task of a cycle may send for as long as a run of the watch
leaves it.
"""

import datetime as dt
import inspect
import io
import json
import logging
import urllib.error
import urllib.request
from collections import deque
from email.message import Message as Headers
from typing import Any

from bench.former_names import first_of
from bench.results import Goal

CHANNELS = [f"C0TEAM{number:02}" for number in range(20)]
MESSAGES = 1_000
OPEN_BEFORE = 100
"""Episodes told before the outage: their next word is an edit and a reply."""

POSTS, EDITS, A_CHANNEL = 240, 50, 60
"""A minute, in a workspace; and in a channel."""

TASK_SECONDS = 180.0
CYCLE_SECONDS = 300.0
ALLOWED = 1.2
START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)


class Gate:
    """Slack's door: refuses what comes too fast, and takes so many seconds for what it lets in."""

    def __init__(self, workspace: Any, call_seconds: float) -> None:
        self._workspace, self._call_seconds = workspace, call_seconds
        self.now, self.refused = 0.0, 0
        self._made: dict[str, deque[float]] = {}

    def open(self, request: urllib.request.Request, **_: Any) -> Any:
        """Answer a call, or refuse it."""
        self.now += self._call_seconds
        method = request.full_url.rpartition("/")[2]
        body: Any = request.data or b""
        sent = json.loads(body) if body.startswith(b"{") else {}
        limits: Any = {
            "chat.postMessage": (("posts", POSTS), (str(sent.get("channel")), A_CHANNEL)),
            "chat.update": (("edits", EDITS),),
        }.get(method, ())
        for name, most in limits:
            if (seconds := self._must_wait(name, most)) > 0:
                self.refused += 1
                headers = Headers()
                headers["Retry-After"] = str(int(seconds) + 1)
                refusal = io.BytesIO(b'{"ok": false, "error": "ratelimited"}')
                raise urllib.error.HTTPError(request.full_url, 429, "Too Many Requests", headers, refusal)
        for name, _ in limits:
            self._made[name].append(self.now)
        return self._workspace.open(request)

    def _must_wait(self, name: str, most: int) -> float:
        made = self._made.setdefault(name, deque())
        while made and made[0] <= self.now - 60.0:
            made.popleft()
        if name.startswith("C0") and made and self.now - made[-1] < 1.0:
            return 1.0
        return made[0] + 60.0 - self.now if len(made) >= most else 0.0


def fewest_seconds(posts: int, edits: int) -> float:
    """Return how long Slack's limits make it take at least."""
    busiest = posts / len(CHANNELS)
    return max((posts / POSTS) * 60.0, (edits / EDITS) * 60.0, (busiest - 1) * 1.0)


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Send it all where calls take no time, and where each takes a tenth of a second."""
    logging.disable(logging.CRITICAL)
    try:
        rows = [_play(call_seconds) for call_seconds in (0.0, 0.1)]
    finally:
        logging.disable(logging.NOTSET)
    quick = rows[0]
    goals = [
        Goal("time spent sending, to what Slack's limits allow", quick["seconds"] / quick["fewest"], ALLOWED, ""),
        Goal("messages lost, doubled or dead", quick["wrong"], 0, ""),
        Goal("cycles it takes", quick["cycles"], 3, ""),
        Goal("seconds spent sending", quick["seconds"], ALLOWED * quick["fewest"], "s"),
        Goal("the same where a call takes 0.1 s", rows[1]["seconds"], 2 * ALLOWED * quick["fewest"], "s"),
    ]
    return goals, rows


def _play(call_seconds: float) -> dict[str, Any]:
    import pytest

    from pedwatch.config import Slack
    from tests.operators.outbox_model import OutboxModel
    from tests.operators.slack_in_process import Workspace, connect

    channel_type = first_of("pedwatch.alerts.channels.slack", "pedwatch.hooks.slack_channel").SlackChannel
    send_notifications = first_of("pedwatch.alerts.delivery.leasing", "pedwatch.tasks.send").send_notifications
    pacer_type = first_of("pedwatch.alerts.delivery.pacer", "pedwatch.tasks.pacer", "pedwatch.tasks.sender").Pacer

    with pytest.MonkeyPatch.context() as patch:
        connect(patch)
        workspace = Workspace(lambda: START.timestamp() + gate.now, *CHANNELS)
        gate = Gate(workspace, call_seconds)
        patch.setattr("slack_sdk.web.base_client.urlopen", gate.open)
        outbox, channel = OutboxModel(), channel_type("slack_ped")
        slack = Slack.model_validate({"platform_channel": CHANNELS[0]})
        limit = {"seconds": TASK_SECONDS} if "seconds" in inspect.signature(send_notifications).parameters else {}

        def pause(seconds: float) -> None:
            gate.now += seconds

        def cycle() -> float:
            began = gate.now
            now = START + dt.timedelta(seconds=gate.now)
            pacer = pacer_type(pause, lambda: gate.now)
            send_notifications(outbox, channel, slack, now, "run", pacer, **limit)
            return gate.now - began

        for number in range(OPEN_BEFORE):
            outbox.add(_row(number, 1, START))
        while any(row["status"] != "sent" for row in outbox.rows.values()):
            cycle()
            gate.now += CYCLE_SECONDS
        gate.now += 3600.0
        told = START + dt.timedelta(seconds=gate.now)
        _wait_an_hour(outbox, told)
        spent, cycles, gate.refused = 0.0, 0, 0
        while any(row["status"] not in ("sent", "dead") for row in outbox.rows.values()) and cycles < 300:
            began = gate.now
            spent += cycle()
            cycles += 1
            gate.now = max(gate.now, began + CYCLE_SECONDS)
        payloads = [(m.content.metadata or {})["event_payload"] for m in workspace.store.all_messages()]
        shown = [payload["notification_id"] for payload in payloads]
        workspace.store.close()
    return {
        "call_seconds": call_seconds,
        "seconds": spent,
        "fewest": fewest_seconds(MESSAGES, OPEN_BEFORE),
        "cycles": cycles,
        "refused": gate.refused,
        "wrong": len(outbox.rows) - len(set(shown)) + len(shown) - len(set(shown)),
    }


def _wait_an_hour(outbox: Any, told: dt.datetime) -> None:
    """Write what an hour had to tell: how the old ones ended, and new ones that begin, get worse and end."""
    written = 0
    for number in range(OPEN_BEFORE):
        outbox.add(_row(number, 2, told))
        written += 1
    number = OPEN_BEFORE
    while written < MESSAGES:
        words = min(1 + number % 3, MESSAGES - written)
        for sequence in range(1, words + 1):
            at = told - dt.timedelta(minutes=5 * ((number + 4 * (words - sequence)) % 12))
            outbox.add(_row(number, sequence, at))
        written += words
        number += 1


def _row(number: int, sequence: int, at: dt.datetime) -> dict[str, Any]:
    from bench.outbox_words import word
    from pedwatch.alerts.messages import Message

    message = Message(":red_circle:", "Over limit", f"api{number} word {sequence}", thread=f"word {sequence}")
    return word(f"e{number:04}", sequence, CHANNELS[number % len(CHANNELS)], at, message)
