"""What is to be seen when a play of ``tests/operators/faulty_world.py`` is over, and what must be true of it."""

import json
from typing import Any

from pedwatch.alerts.delivery.sender import PARENT_STANDS
from pedwatch.alerts.failed_sends import DEAD_LETTER
from pedwatch.alerts.notifications import SOME_BACK
from pedwatch.alerts.transport import kind_of
from tests.operators.fault_schedules import HOOK, PLATFORM
from tests.operators.faulty_world import World
from tests.operators.outbox_model import Row
from tests.operators.slack_in_process import notification_in, ts_of


def standing(world: World) -> dict[str, list[Any]]:
    """Return the visible messages in Slack by the notification that they tell."""
    found: dict[str, list[Any]] = {}
    for message in world.workspace.store.all_messages():
        if message.deleted_ts is None:
            found.setdefault(notification_in(message), []).append(message)
    return found


def check(world: World) -> None:
    """None lost, none doubled, every row final, parents true."""
    rows, visible = dict(world.outbox.rows), standing(world)
    for name, row in rows.items():
        assert row["status"] in ("sent", "dead"), f"{name} is {row['status']}: {row['error']}"
        if row["status"] == "dead":
            assert row["reason"] != DEAD_LETTER
            alert = rows[row["alert_id"]]
            assert alert["channel"] == PLATFORM and alert["status"] == "sent", "the dead letter was told"
            assert len(visible.get(row["alert_id"], [])) == 1 or row["alert_id"] in world.deleted
        elif kind_of(row["channel"]) == "slack":
            shown = visible.get(name, [])
            if row["reason"] == SOME_BACK and row["message_ts"] == row["parent_ts"]:
                continue  # its parent shows it, also where its thread does: the parent could not be edited at first
            assert shown or name in world.deleted, f"{name} is sent, and nowhere to be seen"
            assert not shown or row["message_ts"] == ts_of(shown[0])
    for name, messages in visible.items():
        assert name in rows
        assert len(messages) == 1, f"{name} is shown {len(messages)} times"
    _check_mails(world, rows)
    _check_webhooks(world, rows)
    for thread, count in world.written.items():
        newest = rows[f"{thread}-{count}"]
        if newest["status"] == "sent" and not world.deleted and kind_of(newest["channel"]) == "slack":
            _check_truth(thread, count, newest, visible)
    world.workspace.store.close()


def _check_mails(world: World, rows: dict[str, Row]) -> None:
    """A mail that may have been sent is sent again under its own Message-ID, of which one is shown."""
    sent = {mail["Message-ID"]: mail for mail in world.mail.mails}
    told = {f"<{name}@pedwatch.invalid>": row for name, row in rows.items() if kind_of(row["channel"]) == "mailto"}
    assert set(sent) <= set(told)
    for known, row in told.items():
        assert row["status"] == "dead" or known in sent, f"{known} is sent, and was never mailed"
        assert known not in sent or json.loads(row["message"])["summary"].split()[0] in sent[known]["Subject"]


def _check_webhooks(world: World, rows: dict[str, Row]) -> None:
    """A receiver has each word that was sent, or one newer, and the newest last."""
    words = [body["alerts"][0]["annotations"]["summary"].split() for body in world.hook.bodies]
    told = [(thread, int(number)) for *_, thread, _, number in words]
    for name, row in rows.items():
        if row["channel"] == HOOK and row["status"] == "sent":
            is_told = any(thread == row["episode_id"] and number >= row["sequence"] for thread, number in told)
            assert is_told, f"{name} is sent, and nobody was called"
    newest = dict(told)
    for thread, count in world.written.items():
        if rows[f"{thread}-{count}"]["channel"] == HOOK and rows[f"{thread}-{count}"]["status"] == "sent":
            assert newest[thread] == count, f"{thread} was told {newest[thread]} last"


def _check_truth(thread: str, count: int, newest: Row, visible: dict[str, list[Any]]) -> None:
    """A parent shows the newest word that was delivered; one that cannot be edited has it in its thread."""
    if (newest["error"] or "").startswith(PARENT_STANDS):
        [reply] = visible[f"{thread}-{count}"]
        assert f"{thread} reply {count}" in reply.content.text and reply.thread_ts is not None
        return
    members = [m for n in range(1, count + 1) for m in visible.get(f"{thread}-{n}", [])]
    shown = [m.content.text for m in members if ts_of(m) == newest["parent_ts"]]
    assert shown == [f"Over limit: {thread} word {count}"]
