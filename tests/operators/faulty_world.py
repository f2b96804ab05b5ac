"""A world in which sending goes wrong on schedule: Slack, a mail server, a webhook, people, clocks, senders that die.

The clocks, the senders and the people are played; the sender, its transports, the clients and Slack's state machine are
real. ``tests/operators/what_was_told.py`` says what must be true at the end. ``tests/operators/test_send_faults.py``
plays a part of the schedules, ``bench/send_faults.py`` the whole.
"""

import datetime as dt
import functools
import logging
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bench.outbox_words import word
from pedwatch.alerts.channels.dispatch import Transports
from pedwatch.alerts.channels.slack import SlackChannel
from pedwatch.alerts.delivery.leasing import send_notifications
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import SOME_BACK
from pedwatch.alerts.transport import UnusableTransportError, kind_of
from pedwatch.config import Config, Slack
from pedwatch.cycles import PERIOD
from pedwatch.deadlines import lease
from sandbox.odd_answers import ODD_ANSWERS
from sandbox.slack.errors import RateLimited, SlackRefusal
from tests.operators import slack_in_process, wire_in_process
from tests.operators.fault_schedules import GROWTH, ORDERS, PLATFORM, REFUSALS, Schedule
from tests.operators.outbox_model import UNDELIVERED, Row
from tests.operators.slack_in_process import Workspace, notification_in
from tests.operators.wire_in_process import HTTP_FAULTS, MailServer, Receiver, is_a_yes

START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
SLACK = Slack.model_validate({"platform_channel": PLATFORM})
CONFIG = Config.model_validate(
    {
        "project": "p",
        "bucket": "ped",
        "firestore": {"project": "p"},
        "collector": {"image": "collector:test"},
        "clusters": [{"name": "eu-prod-1", "environment": "prod"}],
        "slack": {"platform_channel": PLATFORM},
    }
)
CYCLE_SECONDS = 300.0


@functools.cache
def channels() -> Transports:
    """Every channel, connected once: making a client takes longer than a play."""
    slack = SlackChannel("slack_ped")
    # Slack's client logs every odd answer by itself, as an error: thousands of lines.
    slack._hook.client._logger = logging.getLogger("quiet")
    slack._hook.client._logger.disabled = True
    return Transports(CONFIG, slack)


class Crash(BaseException):
    """The worker is gone: nothing catches it."""


@dataclass
class World:
    """One play of a schedule."""

    schedule: Schedule
    outbox: Any
    patch: pytest.MonkeyPatch
    now: float = 0.0
    senders: int = 0

    def __post_init__(self) -> None:
        self.calls, self.records = list(self.schedule.calls), list(self.schedule.records)
        self.workspace = Workspace(lambda: START.timestamp() + self.now + self.schedule.slack_skew, PLATFORM, ORDERS)
        self.workspace.store.put_channel(replace(self._channel(ORDERS), id=GROWTH, name="growth"))
        self.workspace.before, self.workspace.after = self.before, self.after
        self.mail, self.hook = MailServer(self.before_mail, self.after), Receiver(self.before_hook, self.after)
        self.deleted: set[str] = set()
        self.written: dict[str, int] = {}
        self.fault = "fine"
        self.made: list[str] = []
        """Every call, by its method."""
        self._write, self._lease = self.outbox.write, self.outbox.run
        slack_in_process.serve(self.patch, self.workspace)
        wire_in_process.serve(self.patch, self.mail, self.hook)
        self.channels = channels()

    @property
    def config(self) -> Any:
        """As the outbox has it: how long a lease and a run last follows from it."""
        return self.outbox.config

    # What happens to calls

    def _next(self, method: str) -> Any:
        """Take the next fault, and what it is to any channel."""
        self.made.append(method)
        self.fault = self.calls.pop(0) if self.calls else "fine"
        match self.fault:
            case "timeout before":
                self.now += 10.0
                return TimeoutError("timed out")
            case "crash before":
                raise Crash
            case "another sender":
                self.send(skew=-self.schedule.sender_skew)
            case "a person deletes a message":
                self._delete_one()
            case "archived" | "unarchived" | "removed from the channel":
                is_member = self.fault != "removed from the channel"
                changed = replace(self._channel(ORDERS), is_archived=self.fault == "archived", is_member=is_member)
                self.workspace.store.put_channel(changed)
            case "revoked":
                self.workspace.switches.is_token_revoked = True
            case name if name.startswith("odd: "):
                return ODD_ANSWERS[name.removeprefix("odd: ")]
        return None

    def before(self, method: str) -> Any:
        """Let a call to Slack go wrong before Slack takes it."""
        trouble = self._next(method)
        match self.fault:
            case "429":
                return RateLimited(7)
            case "429 for an hour":
                return RateLimited(3600)
            case "500 before":
                return 500
            case code if code in REFUSALS:
                return SlackRefusal(code)
        return trouble

    def before_mail(self, method: str) -> Any:
        """Let a conversation go wrong at its beginning, or name what will."""
        trouble = self._next(method)
        if isinstance(trouble, Exception):
            raise trouble
        return self.fault

    def before_hook(self, method: str) -> Any:
        """Let a webhook go wrong before it is taken."""
        trouble = self._next(method)
        if self.fault in ("429", "429 for an hour", "500 before"):
            return ODD_ANSWERS["too many, for ever" if "429" in self.fault else "page 500"]
        if isinstance(trouble, bytes) and is_a_yes(trouble):
            return None
        return HTTP_FAULTS.get(self.fault, trouble)

    def after(self, method: str) -> Any:
        """Lose the answer to a call that took effect."""
        match self.fault:
            case "500 after" | "reset after":
                return ConnectionResetError("reset")
            case "timeout after":
                self.now += 10.0
                return TimeoutError("timed out")
            case "crash after":
                raise Crash
            case name if name.startswith("stored, odd: ") and method != "mail":
                return ODD_ANSWERS[name.removeprefix("stored, odd: ")]
        return None

    def record(self, name: str, parameters: Any) -> int:
        """Write what became of the leased, or die around it."""
        fault = self.records.pop(0) if self.records else "fine"
        if fault == "crash before":
            raise Crash
        if fault == "BigQuery is down":
            raise ConnectionError("503")
        written: int = self._write(name, parameters)
        if fault == "crash after":
            raise Crash
        return written

    def _channel(self, name: str) -> Any:
        return self.workspace.store.find_channel(name)

    def _delete_one(self) -> None:
        standing = [m for m in self.workspace.store.all_messages() if m.deleted_ts is None]
        if standing:
            self.workspace.store.delete_message(standing[-1], standing[-1].ts + 1)
            self.deleted.add(notification_in(standing[-1]))

    # What happens to the outbox

    def send(self, skew: float = 0.0) -> None:
        """Let a sender run, and perhaps die."""
        self.senders += 1

        def pause(seconds: float) -> None:
            self.now += seconds

        def clock() -> float:
            if self.fault == "stall":  # the machine sleeps before the next call
                self.now, self.fault = self.now + lease(PERIOD).total_seconds() / 2, "fine"
            return self.now

        wall = START + dt.timedelta(seconds=self.now + skew)
        try:
            send_notifications(self, self.channels, SLACK, wall, f"run-{self.senders}", Pacer(pause, clock))
        except (Crash, ConnectionError, UnusableTransportError):
            return

    def run(self, name: str, parameters: Any) -> list[Row]:
        """Lease, as the real thing."""
        leased: list[Row] = self._lease(name, parameters)
        return leased

    write = record

    def tell(self, thread: str, channel: str) -> None:
        """Write the next word about a thread."""
        number = self.written[thread] = self.written.get(thread, 0) + 1
        message = Message(":red_circle:", "Over limit", f"{thread} word {number}", thread=f"{thread} reply {number}")
        created_at = START + dt.timedelta(seconds=self.now)
        is_edit = number % 3 == 0 and kind_of(channel) == "slack"
        reason = SOME_BACK if is_edit else "worse"
        self.outbox.add(word(thread, number, channel, created_at, message, reason))

    def play(self) -> "World":
        """Play the schedule, then mend everything and let the sender go on."""
        for words in self.schedule.writes:
            for thread, channel in words:
                self.tell(thread, channel)
            self.send(skew=self.schedule.sender_skew)
            self.now += CYCLE_SECONDS
        for _ in range(8):
            if not self._is_waiting():
                break
            self.send(skew=self.schedule.sender_skew)
            self.now += CYCLE_SECONDS
            self.workspace.switches.is_token_revoked = False
        self.calls, self.records = [], []
        for _ in range(20):
            if not self._is_waiting():
                break
            self.send()
            self.now += CYCLE_SECONDS
        return self

    def _is_waiting(self) -> bool:
        return any(row["status"] in UNDELIVERED for row in self.outbox.rows.values())
