"""What may befall a sender: the faults of calls and of records, and schedules of them."""

import random
from dataclasses import dataclass, field
from typing import Any

from sandbox.contracts.descriptions import description
from sandbox.odd_answers import ODD_ANSWERS
from tests.operators.wire_in_process import HTTP_FAULTS, SMTP_FAULTS

PLATFORM, ORDERS, GROWTH = "C0PLATFORM", "C0ORDERS", "C0GROWTH"
MAIL, HOOK = "mailto:oncall@shop.example", "webhook:pager"
CALLED = ("chat.postMessage", "chat.update", "chat.getPermalink", "conversations.history", "conversations.replies")
NEW_CODE = "something_slack_has_not_thought_of_yet"
REFUSALS = sorted({NEW_CODE, *(code for m in CALLED for code in description("slack").methods[m]["errors"])})
"""Every ``ok: false`` that Slack documents for posting, editing and reading back, and one that it does not."""

OFTEN = (
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
ODD = [f"odd: {name}" for name in ODD_ANSWERS]
ODD += [f"stored, odd: {name}" for name in ODD_ANSWERS if not name.startswith("too many")]
"""What came in place of the answer, and whether the call took effect all the same; 429 says that it did not."""

CALLS = [*dict.fromkeys(OFTEN), *REFUSALS, *ODD, *SMTP_FAULTS, *HTTP_FAULTS]
"""What may befall a call; a channel to which a fault means nothing answers as ever."""

RECORDS = (*("fine",) * 4, "crash before", "crash after", "BigQuery is down")
"""What may befall a record."""

THREADS = [("e1", ORDERS), ("e2", ORDERS), ("e3", GROWTH), ("p1", PLATFORM), ("m1", MAIL), ("w1", HOOK)]


@dataclass(frozen=True)
class Schedule:
    """What happens, in order."""

    writes: list[list[tuple[str, str]]]
    calls: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    sender_skew: float = 0.0
    slack_skew: float = 0.0


ONE = [[("e1", ORDERS), ("w1", HOOK), ("m1", MAIL)], [("e1", ORDERS), ("e2", ORDERS), ("m1", MAIL)], [("e1", ORDERS)]]
"""The story whose every call suffers every fault."""


def a_schedule(
    seed: int, threads: list[tuple[str, str]] = THREADS, longest: int = 30, most_writes: int = 5
) -> Schedule:
    """Return a schedule out of all that may happen; the same for a seed."""
    chance = random.Random(seed)
    kinds: tuple[Any, ...] = (OFTEN, OFTEN, REFUSALS, ODD, [*SMTP_FAULTS, *HTTP_FAULTS])
    return Schedule(
        writes=[chance.choices(threads, k=chance.randint(0, 4)) for _ in range(chance.randint(1, most_writes))],
        calls=[chance.choice(chance.choice(kinds)) for _ in range(chance.randint(1, longest))],
        records=chance.choices(RECORDS, k=chance.randint(0, 5)),
        sender_skew=chance.choice((0.0, -50.0, 50.0)),
        slack_skew=chance.choice((0.0, -7200.0, 7200.0)),
    )
