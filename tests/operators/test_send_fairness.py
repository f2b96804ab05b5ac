"""Nobody starves: what cannot be delivered delays nothing that can, and a lease ends when its sender thinks it does."""

import datetime as dt
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pedwatch.alerts.delivery.leasing import send_notifications
from pedwatch.alerts.delivery.pacer import Pacer
from pedwatch.alerts.failed_sends import DEAD_LETTER, GIVE_UP_AFTER
from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import Found, SendError, UnusableTransportError, kind_of
from pedwatch.config import Slack
from pedwatch.cycles import PERIOD
from pedwatch.deadlines import lease
from pedwatch.hooks.warehouse import Warehouse
from tests.operators.outbox_model import OutboxModel, Row
from tests.operators.test_send_faults import RealOutbox

START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
CYCLE_SECONDS = 300.0
PLATFORM, ORDERS, GROWTH = "C0PLATFORM", "C0ORDERS", "C0GROWTH"
MAIL, HOOK = "mailto:oncall@shop.example", "webhook:pager"
SLACK = Slack.model_validate({"platform_channel": PLATFORM})


def row(name: str, channel: str, created_at: dt.datetime, sequence: int = 1, **fields: Any) -> Row:
    """Return a row of the outbox, as the fold writes it."""
    return {
        "notification_id": f"{name}-{sequence}",
        "episode_id": name,
        "sequence": sequence,
        "reason": "first",
        "cycle": created_at,
        "channel": channel,
        "message": json.dumps(Message(":red_circle:", "Over limit", f"{name} word {sequence}").to_json()),
        "status": "unsent",
        "created_at": created_at,
    } | fields


class Channels:
    """Every channel, on a clock of its own; what is in ``down`` answers with an error, after so many seconds."""

    timeout_seconds = 30.0

    def __init__(self) -> None:
        self.seconds, self.call_takes = 0.0, 0.0
        self.down: dict[str, Callable[[], Exception]] = {}
        self.slow: dict[str, float] = {}
        self.tried: Counter[str] = Counter()
        self.posted: Counter[str] = Counter()
        self.before: Callable[[], None] = lambda: None

    def _of(self, target: str, known: dict[str, Any]) -> Any:
        return known.get(target) or known.get(kind_of(target))

    def post(self, target: str, message: Message, payload: Any) -> str:
        """Take a message, or refuse."""
        self.tried[target] += 1
        self.seconds += self._of(target, self.slow) or self.call_takes
        self.before()
        error = self._of(target, self.down)
        if error is not None:
            raise error()
        self.posted[payload["notification_id"]] += 1
        return f"{self.seconds:.6f}"

    def reply(self, target: str, parent_ts: str, message: Message, payload: Any) -> str:
        """Take a reply, or refuse."""
        return self.post(target, message, payload)

    def edit(self, *_: Any) -> None:
        """Take every edit."""
        self.seconds += self.call_takes

    def find(self, target: str, payload: Mapping[str, str], *_: Any) -> Found | None:
        """Find what was posted."""
        self.seconds += self.call_takes
        return Found("1.0", "1.0") if self.posted[payload["notification_id"]] else None

    def permalink(self, *_: Any) -> None:
        """Know no link."""
        self.seconds += self.call_takes


class World:
    """An outbox and its channels; cycles are not on the second, as real ones are not."""

    def __init__(self, seed: int = 1) -> None:
        self.outbox, self.channels = OutboxModel(), Channels()
        self._chance = random.Random(seed)

    @property
    def now(self) -> dt.datetime:
        """Return the time."""
        return START + dt.timedelta(seconds=self.channels.seconds)

    def send(self) -> dict[str, int]:
        """Let a sender run; nothing sleeps but the clock."""

        def pause(seconds: float) -> None:
            self.channels.seconds += seconds

        pacer = Pacer(pause, lambda: self.channels.seconds)
        return send_notifications(self.outbox, self.channels, SLACK, self.now, "run", pacer).counts

    def cycle(self) -> dict[str, int]:
        """Send, and let the rest of the cycle pass."""
        next_at = self.channels.seconds + CYCLE_SECONDS + self._chance.uniform(-5, 5)
        counts = self.send()
        self.channels.seconds = max(self.channels.seconds, next_at)
        return counts

    def statuses(self, *names: str) -> list[str]:
        """Return the states of first words."""
        return [self.outbox.rows[f"{name}-1"]["status"] for name in names]


def refused() -> SendError:
    return SendError("later", "smtp: ConnectionRefusedError", holds_channel=True)


@pytest.mark.parametrize("addresses", [1, 50])
def test_400_copies_that_are_stuck_delay_a_slack_alert_by_no_cycle(addresses: int) -> None:
    world = World()
    world.channels.down = {"mailto": refused, "webhook": refused}
    for number in range(400):
        channel = HOOK if number % 2 else f"mailto:person{number % addresses}@shop.example"
        world.outbox.add(row(f"old{number:03}", channel, START + dt.timedelta(seconds=number)))
    for _ in range(6):
        world.cycle()
    world.outbox.add(row("new", ORDERS, world.now))
    world.cycle()
    assert world.statuses("new") == ["sent"]


def test_a_channel_that_fails_is_asked_ever_more_seldom_and_every_half_hour_at_least() -> None:
    world = World()
    world.channels.down = {"mailto": refused}
    asked_at = []
    for number in range(60):
        world.outbox.add(row(f"m{number:03}", f"mailto:person{number}@shop.example", world.now))
        before = world.channels.tried.total()
        at = world.now
        world.cycle()
        asked_at += [at] * (world.channels.tried.total() - before)
    minutes = [round((later - sooner).total_seconds() / 60) for sooner, later in itertools.pairwise(asked_at)]
    assert minutes[0] == 5 and minutes[:5] == sorted(minutes[:5]), minutes
    assert all(25 <= delay <= 36 for delay in minutes[5:]), minutes
    world.channels.down = {}
    for _ in range(8):
        world.cycle()
    assert set(Counter(r["status"] for r in world.outbox.rows.values())) == {"sent"}, "all follow when it is back"
    world.channels.down = {"mailto": refused}
    world.outbox.add(row("again", MAIL, world.now))
    world.cycle()
    again = world.outbox.rows["again-1"]
    assert again["next_attempt_at"] - world.now < dt.timedelta(minutes=1), "a new failure begins anew"


def test_a_full_outbox_goes_on_while_anything_is_sent() -> None:
    world = World()
    for number in range(130):
        world.outbox.add(row(f"s{number:03}", f"C0TEAM{number % 5}", START))
    assert world.send() == {"sent": 130}


def test_a_channel_that_refuses_or_has_a_long_queue_does_not_hold_up_another() -> None:
    world = World()
    world.channels.call_takes = 0.3
    world.channels.down = {ORDERS: lambda: SendError("dead", "chat.postMessage: is_archived")}
    for number in range(200):
        world.outbox.add(row(f"archived{number:03}", ORDERS, START))
        world.outbox.add(row(f"busy{number:03}", PLATFORM, START))
    world.outbox.add(row("new", GROWTH, START + dt.timedelta(seconds=1)))
    world.send()
    assert world.statuses("new") == ["sent"]
    assert world.outbox.rows["new-1"]["sent_at"] < START + dt.timedelta(seconds=10), "it is the third that is sent"


@pytest.mark.parametrize("kind", ["slack", "mailto"])
def test_what_times_out_uses_up_its_own_share_of_the_time(kind: str) -> None:
    world = World()
    world.channels.slow = {kind: 30.0}
    world.channels.down = {kind: lambda: SendError("ambiguous", "timed out")}
    for number in range(40):
        for channel in (f"C0TEAM{number}", f"mailto:person{number}@shop.example", HOOK):
            world.outbox.add(row(f"{kind_of(channel)}{number}", channel, START))
    world.cycle()
    told = Counter(kind_of(r["channel"]) for r in world.outbox.rows.values() if r["status"] == "sent")
    assert set(told) == {"slack", "mailto", "webhook"} - {kind}
    assert world.channels.seconds <= CYCLE_SECONDS + 6, "the run ends with its cycle"


def test_copies_are_sent_while_slack_refuses_everything() -> None:
    world = World()
    world.channels.down = {"slack": lambda: UnusableTransportError("token_revoked")}
    for number in range(100):
        world.outbox.add(row(f"s{number}", ORDERS, START), row(f"w{number}", HOOK, START))
    with pytest.raises(UnusableTransportError):
        world.send()
    copies = [r["status"] for r in world.outbox.rows.values() if r["channel"] == HOOK]
    assert copies.count("sent") >= 60
    assert {r["status"] for r in world.outbox.rows.values() if r["channel"] == ORDERS} == {"unsent"}


def test_copies_of_a_channel_that_is_down_for_a_day_die_together_and_are_told() -> None:
    world = World()
    world.channels.down = {"mailto": refused}
    for number in range(200):
        world.outbox.add(row(f"m{number:03}", MAIL, START))
    while world.now < START + GIVE_UP_AFTER + dt.timedelta(hours=1):
        world.cycle()
    letters = [r for r in world.outbox.rows.values() if r["channel"] == MAIL]
    assert {r["status"] for r in letters} == {"dead"}
    told = [r for r in world.outbox.rows.values() if r["reason"] == DEAD_LETTER]
    assert {r["status"] for r in told} == {"sent"} and len(told) < 20
    assert {r["alert_id"] for r in letters} == {r["notification_id"] for r in told}
    assert world.channels.tried[MAIL] < 80


def test_a_second_sender_takes_nothing_over_that_the_first_still_holds() -> None:
    """The second batch of the first sender begins late: its lease begins then, not when the task did."""
    world = World()
    world.channels.call_takes = 0.85
    for number in range(180):
        world.outbox.add(row(f"e{number:03}", PLATFORM, START))

    def another() -> None:
        if world.channels.seconds > lease(PERIOD).total_seconds() - 20:
            world.channels.before = lambda: None
            world.channels.seconds = max(world.channels.seconds, lease(PERIOD).total_seconds() + 1)
            world.send()

    world.channels.before = another
    world.send()
    world.cycle()
    world.cycle()
    assert max(world.channels.posted.values()) == 1, "nothing is posted twice"
    assert {r["status"] for r in world.outbox.rows.values()} == {"sent"}
    late = [r["sent_at"] for r in world.outbox.rows.values()]
    assert len(set(late)) == len(late), "sent_at is when it was sent"


def test_the_real_lease_takes_what_its_model_takes(warehouse: Warehouse) -> None:
    real, chance = RealOutbox(warehouse), random.Random(7)
    channels = [ORDERS, GROWTH, PLATFORM, MAIL, "mailto:a@shop.example", HOOK, "webhook:other"]
    rows, model = [], OutboxModel()
    for minute in range(4):
        at, written = START - dt.timedelta(minutes=9 - minute), []
        for number in range(20):
            channel = chance.choice(channels)
            written += [row(f"e{minute}{number:02}", channel, at, n + 1) for n in range(chance.randint(1, 2))]
        model.add(*written)
        real.add(*written)
        rows += written
    now, sent = START, []
    for failing in (("mailto", GROWTH, HOOK), (HOOK,), ()):
        now += dt.timedelta(minutes=5)
        for outbox in (model, real):
            channels_now = Channels()
            channels_now.down = dict.fromkeys(failing, refused)
            send_notifications(outbox, channels_now, SLACK, now, "run", Pacer(lambda seconds: None, lambda: 0.0))
        assert states(real) == states(model)
        sent.append(Counter(r["status"] for r in model.rows.values())["sent"])
    assert sent[0] < sent[1] < sent[2] == len(rows)


def states(outbox: Any) -> list[Any]:
    """Return what the outbox knows of every row."""
    columns = ("notification_id", "status", "next_attempt_at", "channel_failing_since", "attempts", "error")
    return sorted(([found[column] for column in columns] for found in outbox.rows.values()), key=repr)
