"""The fault matrix: however sending is interrupted, every notification ends in one message, or in a told dead letter.

A schedule says what each call to Slack suffers, in order, and what happens around each record. The clocks, the
senders and the people are played; the sender, the hook, the client and Slack's state machine are real.
"""

import datetime as dt
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pedwatch.alerts.messages import Message
from pedwatch.alerts.outbox import DEAD_LETTER, UnusableTransportError
from pedwatch.alerts.rows import EPISODE_COLUMNS, NOTIFICATION_COLUMNS
from pedwatch.config import Slack
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.slack_channel import SlackChannel
from pedwatch.hooks.warehouse import Warehouse
from pedwatch.tasks import send as send_task
from pedwatch.tasks.send import LEASE, send_notifications
from pedwatch.tasks.sender import Pacer
from sandbox.slack.errors import RateLimited, SlackRefusal
from tests.operators.outbox_model import UNDELIVERED, OutboxModel, Row
from tests.operators.slack_in_process import Workspace, connect, serve

START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
PLATFORM, ORDERS, GROWTH = "C0PLATFORM", "C0ORDERS", "C0GROWTH"
SLACK = Slack.model_validate({"platform_channel": PLATFORM})
CYCLE_SECONDS = 300.0

#: Every ``ok: false`` that Slack documents for posting, editing and reading back, by what it means.
REFUSALS = (
    "accesslimited access_denied account_inactive as_user_not_supported attachment_payload_limit_exceeded"
    " block_mismatch cannot_reply_to_message cant_update_message channel_not_found deprecated_endpoint"
    " duplicate_message_not_found edit_window_closed ekm_access_denied enterprise_is_restricted fatal_error"
    " internal_error invalid_arg_name invalid_arguments invalid_array_arg invalid_auth invalid_blocks"
    " invalid_blocks_format invalid_charset invalid_cursor invalid_form_data invalid_metadata_format"
    " invalid_metadata_schema invalid_post_type is_archived is_inactive markdown_text_conflict message_limit_exceeded"
    " message_not_found messages_tab_disabled metadata_must_be_sent_from_app metadata_too_large method_deprecated"
    " missing_charset missing_post_type missing_scope msg_blocks_too_long msg_too_long no_permission no_text"
    " not_allowed_token_type not_authed not_in_channel org_login_required rate_limited ratelimited request_timeout"
    " restricted_action restricted_action_non_threadable_channel restricted_action_read_only_channel"
    " restricted_action_thread_locked restricted_action_thread_only_channel service_unavailable"
    " slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked team_access_not_granted"
    " team_added_to_org team_not_found thread_not_found token_expired token_revoked too_many_attachments"
    " two_factor_setup_required unknown_method update_failed something_slack_has_not_thought_of_yet"
).split()
#: What may befall a call.
CALLS = (
    *("fine",) * 8,
    "429",
    "429 for an hour",
    "500 before",
    "500 after",
    "timeout before",
    "timeout after",
    "reset after",
    "crash before",
    "crash after",
    "another sender",
    "stall",
    "a person deletes a message",
    "archived",
    "unarchived",
    "removed from the channel",
    "revoked",
)
#: What may befall a record.
RECORDS = (*("fine",) * 4, "crash before", "crash after", "BigQuery is down")
#: The fold's writes, a cycle each: how many more words about which threads.
WRITES = st.lists(
    st.lists(st.sampled_from([("e1", ORDERS), ("e2", ORDERS), ("e3", GROWTH), ("p1", PLATFORM)]), max_size=3),
    min_size=1,
    max_size=5,
)


class Crash(BaseException):
    """The worker is gone: nothing catches it."""


@dataclass(frozen=True)
class Schedule:
    """What happens, in order."""

    writes: list[list[tuple[str, str]]]
    calls: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    sender_skew: float = 0.0
    slack_skew: float = 0.0


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
        self.deleted: set[str] = set()
        self.written: dict[str, int] = {}
        self.fault = "fine"
        self._write, self._lease = self.outbox.write, self.outbox.run
        serve(self.patch, self.workspace)
        self.channel = SlackChannel("slack_ped")

    # What happens to calls

    def before(self, method: str) -> Any:
        """Let a call go wrong before Slack takes it."""
        self.fault = self.calls.pop(0) if self.calls else "fine"
        match self.fault:
            case "429":
                return RateLimited(7)
            case "429 for an hour":
                return RateLimited(3600)
            case "500 before":
                return 500
            case "timeout before":
                self.now += self.channel.timeout_seconds
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
            case code if code in REFUSALS:
                return SlackRefusal(code)
        return None

    def after(self, method: str) -> Exception | None:
        """Lose the answer to a call that Slack has taken."""
        match self.fault:
            case "500 after":
                return ConnectionResetError("bad gateway")
            case "timeout after":
                self.now += self.channel.timeout_seconds
                return TimeoutError("timed out")
            case "reset after":
                return ConnectionResetError("reset")
            case "crash after":
                raise Crash
        return None

    def record(self, name: str, parameters: Any) -> int:
        """Write what became of the leased, or die around it."""
        fault = self.records.pop(0) if self.records else "fine"
        if fault == "crash before":
            raise Crash
        if fault == "BigQuery is down":
            raise ConnectionError("503")
        written = self._write(name, parameters)
        if fault == "crash after":
            raise Crash
        return written

    def _channel(self, name: str) -> Any:
        return self.workspace.store.find_channel(name)

    def _delete_one(self) -> None:
        standing = [m for m in self.workspace.store.all_messages() if m.deleted_ts is None]
        if standing:
            self.workspace.store.delete_message(standing[-1], standing[-1].ts + 1)
            self.deleted.add(_notification(standing[-1]))

    # What happens to the outbox

    def send(self, skew: float = 0.0) -> None:
        """Let a sender run, and perhaps die."""
        self.senders += 1

        def pause(seconds: float) -> None:
            self.now += seconds

        def clock() -> float:
            if self.fault == "stall":  # the machine sleeps before the next call
                self.now, self.fault = self.now + LEASE.total_seconds() / 2, "fine"
            return self.now

        wall = START + dt.timedelta(seconds=self.now + skew)
        try:
            send_notifications(self, self.channel, SLACK, wall, f"run-{self.senders}", Pacer(pause, clock))
        except (Crash, ConnectionError, UnusableTransportError):
            return

    def run(self, name: str, parameters: Any) -> list[Row]:
        """Lease, as the real thing."""
        return self._lease(name, parameters)

    write = record

    def tell(self, thread: str, channel: str) -> None:
        """Write the next word about a thread."""
        number = self.written[thread] = self.written.get(thread, 0) + 1
        message = Message(":red_circle:", "Over limit", f"{thread} word {number}", thread=f"{thread} reply {number}")
        created_at = START + dt.timedelta(seconds=self.now)
        self.outbox.add(
            {
                "notification_id": f"{thread}-{number}",
                "episode_id": thread,
                "sequence": number,
                "reason": "first" if number == 1 else "worse",
                "cycle": created_at,
                "channel": channel,
                "message": json.dumps(message.to_json()),
                "status": "unsent",
                "created_at": created_at,
            }
        )

    def play(self) -> None:
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

    def _is_waiting(self) -> bool:
        return any(row["status"] in UNDELIVERED for row in self.outbox.rows.values())

    # What there is to see

    def standing(self) -> dict[str, list[Any]]:
        """Return the visible messages by the notification that they tell."""
        found: dict[str, list[Any]] = {}
        for message in self.workspace.store.all_messages():
            if message.deleted_ts is None:
                found.setdefault(_notification(message), []).append(message)
        return found

    def check(self) -> None:
        """None lost, none doubled."""
        standing = self.standing()
        rows = {row["notification_id"]: row for row in self.outbox.rows.values()}
        for name, row in rows.items():
            shown = len(standing.get(name, []))
            assert row["status"] in ("sent", "dead"), f"{name} is {row['status']}: {row['error']}"
            assert shown <= 1, f"{name} is shown {shown} times"
            if row["status"] == "sent":
                assert shown == 1 or name in self.deleted, f"{name} is sent, and nowhere to be seen"
                assert not standing.get(name) or row["message_ts"] == _ts(standing[name][0])
            else:
                assert row["reason"] != DEAD_LETTER
                alert = rows[row["alert_id"]]
                assert alert["channel"] == PLATFORM and alert["status"] == "sent", "the dead letter was told"
                assert len(standing.get(row["alert_id"], [])) == 1 or row["alert_id"] in self.deleted
        for messages in standing.values():
            assert _notification(messages[0]) in rows
        self._check_truth(rows, standing)

    def _check_truth(self, rows: dict[str, Row], standing: dict[str, list[Any]]) -> None:
        """A parent shows the newest word of its thread that was delivered, or one newer."""
        for thread, count in self.written.items():
            newest = rows[f"{thread}-{count}"]
            if newest["status"] != "sent" or self.deleted:
                continue
            parents = [
                m
                for row in rows.values()
                if row["episode_id"] == thread
                for m in standing.get(row["notification_id"], [])
            ]
            shown = [m for m in parents if _ts(m) == newest["parent_ts"]]
            assert [m.content.text for m in shown] == [f"Over limit: {thread} word {count}"]


def _notification(message: Any) -> str:
    return message.content.metadata["event_payload"]["notification_id"]


def _ts(message: Any) -> str:
    return f"{message.ts // 1_000_000}.{message.ts % 1_000_000:06d}"


SCHEDULES = st.builds(
    Schedule,
    writes=WRITES,
    calls=st.lists(st.one_of(st.sampled_from(CALLS), st.sampled_from(CALLS), st.sampled_from(REFUSALS)), max_size=30),
    records=st.lists(st.sampled_from(RECORDS), max_size=5),
    sender_skew=st.sampled_from([0.0, -50.0, 50.0]),
    slack_skew=st.sampled_from([0.0, -7200.0, 7200.0]),
)


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    """The connection, and whatever workspace is behind it."""
    with pytest.MonkeyPatch.context() as patch:
        connect(patch)
        patch.setattr(send_task.log, "disabled", True)
        yield patch


UNKNOWN_PARENT = ["fine", "fine", "fine", "access_denied"]
"""Both were posted, the sender died before it said so, and then the parent could not be read back: the outbox does not
know of it, and the reply stands in its thread."""


@example(schedule=Schedule([[("e1", ORDERS), ("e1", ORDERS)]], UNKNOWN_PARENT, ["crash before"]))
@settings(max_examples=600, deadline=None, derandomize=False, suppress_health_check=list(HealthCheck))
@given(schedule=SCHEDULES)
def test_every_notification_ends_in_one_message_or_in_a_told_dead_letter(
    patch: pytest.MonkeyPatch, schedule: Schedule
) -> None:
    world = World(schedule, OutboxModel(), patch)
    world.play()
    world.check()
    world.workspace.store.close()


ONE = [[("e1", ORDERS)], [("e1", ORDERS), ("e2", ORDERS)], [("e1", ORDERS)]]


@pytest.mark.parametrize("position", range(6))
@pytest.mark.parametrize("fault", [*dict.fromkeys(CALLS), *REFUSALS])
def test_each_fault_at_each_call(patch: pytest.MonkeyPatch, fault: str, position: int) -> None:
    world = World(Schedule(ONE, ["fine"] * position + [fault]), OutboxModel(), patch)
    world.play()
    world.check()
    world.workspace.store.close()


@pytest.mark.parametrize("fault", [*dict.fromkeys(CALLS), *REFUSALS])
def test_each_fault_while_a_reply_is_looked_for(patch: pytest.MonkeyPatch, fault: str) -> None:
    """The sender died when Slack had taken its reply: the next one edits the parent, and reads its thread."""
    calls = ["fine", "fine", "fine", "crash after", "fine", fault]
    world = World(Schedule([[("e1", ORDERS)], [("e1", ORDERS)]], calls), OutboxModel(), patch)
    world.play()
    world.check()
    world.workspace.store.close()


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("fault", [*dict.fromkeys(RECORDS)])
def test_each_fault_at_each_record(patch: pytest.MonkeyPatch, fault: str, position: int) -> None:
    world = World(Schedule(ONE, records=["fine"] * position + [fault]), OutboxModel(), patch)
    world.play()
    world.check()
    world.workspace.store.close()


class RealOutbox:
    """The same on the statements that ship; ``add`` is the fold's part."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._table = f"{warehouse.config.dataset}.notifications"
        self.run = warehouse.run
        warehouse.client.query(f"DELETE FROM `{self._table}` WHERE TRUE").result()

    def write(self, name: str, parameters: Any) -> int:
        """Record, in a dataset of this test."""
        return self._warehouse.write(name, parameters)

    def add(self, *rows: Row) -> None:
        """Write rows as the fold does."""
        columns = NOTIFICATION_COLUMNS
        blank = {"destination": "team", "told_state": "{}"}
        moment = rows[0]["created_at"]
        parameters = {
            "cycle": moment,
            "computed_at": moment,
            "run_id": "fold",
            "expected_cursor": Typed("TIMESTAMP", self._cursor()),
            "episodes": Typed(EPISODE_COLUMNS, []),
            "notifications": Typed(columns, [blank | row for row in rows]),
        }
        self._warehouse.write("alerts/commit_fold.sql", parameters)

    def _cursor(self) -> dt.datetime | None:
        found = self._warehouse.client.query(f"SELECT MAX(cycle) AS cycle FROM `{self._table[:-13]}fold_cursor`")
        return next(iter(found.result())).cycle

    @property
    def rows(self) -> dict[str, Row]:
        """Return all rows by their ids."""
        found = self._warehouse.client.query(f"SELECT * FROM `{self._table}`").result()
        return {row.notification_id: dict(row.items()) for row in found}


def a_schedule(seed: int) -> Schedule:
    """Return a short schedule out of all that may happen."""
    chance = random.Random(seed)
    calls = [call for call in CALLS if call != "429 for an hour"]  # an hour is a dozen cycles
    threads = [("e1", ORDERS), ("e2", ORDERS), ("e3", GROWTH), ("p1", PLATFORM)]
    return Schedule(
        writes=[chance.choices(threads, k=chance.randint(1, 3)) for _ in range(chance.randint(1, 2))],
        calls=[chance.choice(chance.choice((calls, calls, REFUSALS))) for _ in range(8)],
        records=chance.choices(RECORDS, k=2),
        sender_skew=chance.choice((0.0, -50.0, 50.0)),
    )


def ending(schedule: Schedule, outbox: Any, patch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Play a schedule and return what became of every row."""
    world = World(schedule, outbox, patch)
    world.play()
    world.check()
    world.workspace.store.close()
    return sorted((r["notification_id"], r["status"], r["attempts"], r["error"] or "") for r in outbox.rows.values())


def test_the_real_statements_do_as_their_model(patch: pytest.MonkeyPatch, warehouse: Warehouse) -> None:
    for seed in range(5):
        schedule = a_schedule(seed)
        on_paper = ending(schedule, OutboxModel(), patch)
        assert ending(schedule, RealOutbox(warehouse), patch) == on_paper, schedule
