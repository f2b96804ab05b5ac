"""What becomes of a message that was not delivered: when it is tried again, when it dies, and who hears of it. Pure.

States of a row: unsent → sending → sent | ambiguous | dead; suppressed (shadow mode) and grouped (told by a storm's
message) are never sent. A dead letter is told to the platform's channel by a row of its own, which never dies.
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from pedwatch.alerts import delivery_messages
from pedwatch.alerts.episodes import NAMESPACE
from pedwatch.alerts.messages import Message
from pedwatch.alerts.transport import SendError

Row = Mapping[str, Any]

RETRY_DELAY = dt.timedelta(minutes=2)  # the next cycle finds it due, however late in this one it failed
LONGEST_DELAY = dt.timedelta(minutes=30)
MAX_ATTEMPTS = 8
GIVE_UP_AFTER = dt.timedelta(days=1)  # longer than an outage of the transport: nothing dies of one
DEAD_LETTER, ODD_ANSWER = "dead_letter", "odd_answer"


def retry_delay(failing_for: dt.timedelta) -> dt.timedelta:
    """Return how long a carrier is left alone: as long as it has failed already, so that the delay doubles."""
    return min(max(failing_for, RETRY_DELAY), LONGEST_DELAY)


def failed(
    row: Row,
    error: SendError,
    now: dt.datetime,
    is_unclear: bool,
    is_blocked: bool = False,
    failing_since: dt.datetime | None = None,
    last_resort: str | None = None,
) -> dict[str, Any]:
    """Say what becomes of a row that was not delivered.

    Args:
        row: as leased; ``attempts`` counts the sends before this one.
        error: why not.
        now: settings clock, UTC.
        is_unclear: an earlier attempt may have posted it, and nobody has looked yet.
        is_blocked: it was not tried at all, because something before it failed.
        failing_since: since when its carrier takes nothing; None when this message alone failed.
        last_resort: the platform's channel, for which a dead letter waits however long; in one that it was before, it
            dies as others do, and the channel of now is told. None for any.
    """
    delay = RETRY_DELAY if failing_since is None else retry_delay(now - failing_since)
    if error.retry_after is not None:
        delay = dt.timedelta(seconds=error.retry_after)
    is_down = failing_since is not None and now - failing_since >= GIVE_UP_AFTER
    is_worn_out = now - row["created_at"] >= GIVE_UP_AFTER and (is_down or row["attempts"] + 1 >= MAX_ATTEMPTS)
    waits = row["reason"] == DEAD_LETTER and last_resort in (None, row["channel"])
    is_dead = (error.outcome == "dead" or is_worn_out) and not is_blocked and not waits
    status = "dead" if is_dead else "ambiguous" if error.outcome == "ambiguous" or is_unclear else "unsent"
    return {
        "notification_id": row["notification_id"],
        "status": status,
        "error": str(error),
        "next_attempt_at": None if is_dead else now + delay,
        "channel_failing_since": None if is_dead else failing_since,
    }


def alerts_of(
    leased: Iterable[Row], sends: Iterable[dict[str, Any]], odd: Mapping[str, str], channel: str, now: dt.datetime
) -> list[dict[str, Any]]:
    """Return the outbox rows that tell the platform what became of others just now, one for a channel and an error.

    Letters that died, and rows whose answer nobody knows: of these once a day. Each row gets the ``alert_id`` of the
    one that tells of it; ids are the same however often this runs.

    Args:
        leased: rows as the sender took them.
        sends: what became of them.
        odd: ids of rows, and the answers that nobody here knows.
        channel: the platform's.
        now: settings clock, UTC.
    """
    rows = {row["notification_id"]: row for row in leased}
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for send in sends:
        row = rows[send["notification_id"]]
        if send["status"] == "dead":
            groups.setdefault((DEAD_LETTER, row["channel"], send["error"]), []).append(send)
        elif send["notification_id"] in odd and row["reason"] not in (DEAD_LETTER, ODD_ANSWER):
            groups.setdefault((ODD_ANSWER, row["channel"], odd[send["notification_id"]]), []).append(send)
    alerts = []
    for (reason, target, error), letters in groups.items():
        ids = sorted(letter["notification_id"] for letter in letters)
        named = "dead|" + "|".join(ids) if reason == DEAD_LETTER else f"odd|{target}|{error}|{now.date()}"
        thread_id = str(uuid.uuid5(NAMESPACE, named))
        alert_id = str(uuid.uuid5(NAMESPACE, f"{thread_id}|1|{channel}"))
        for letter in letters:
            letter["alert_id"] = alert_id
        words = delivery_messages.not_delivered if reason == DEAD_LETTER else delivery_messages.odd_answer
        message = words(target, error, [_text_of(rows[name]) for name in ids])
        alerts.append(
            {
                "notification_id": alert_id,
                "episode_id": thread_id,
                "sequence": 1,
                "cycle": max(rows[name]["cycle"] for name in ids),
                "reason": reason,
                "destination": "team",
                "channel": channel,
                "told_state": json.dumps({"phase": reason, "severity": None}, sort_keys=True),
                "message": json.dumps(message.to_json(), sort_keys=True, ensure_ascii=False),
                "status": "unsent",
                "created_at": now,
            }
        )
    return alerts


def _text_of(row: Row) -> str:
    try:
        return Message.from_json(json.loads(row["message"])).text
    except (ValueError, TypeError, KeyError, AttributeError):
        return "(its words cannot be read)"
