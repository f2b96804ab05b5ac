"""After the outbox came back as it was, nothing is told again: docs/restore.md, carried out."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operators.test_slack_reads import Told

PAGE = Path(__file__).resolve().parents[2] / "docs" / "restore.md"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    world = Told(monkeypatch)
    yield world
    world.workspace.store.close()


def shown(world: Told) -> list[str]:
    return [message.content.text for message in world.workspace.store.all_messages()]


def restored_to_before_it_was_sent(world: Told) -> list[str]:
    """Tell a thread of two, and set its outbox back to when both rows were written and none was sent."""
    world.workspace.before = lambda method: TimeoutError("not yet") if method == "chat.postMessage" else None
    world.say(1, "first")
    world.say(2, "reminder")
    before = {name: row | {"status": "unsent", "attempts": 0, "error": None} for name, row in world.outbox.rows.items()}
    world.workspace.before = lambda method: None
    for row in world.outbox.rows.values():
        row["next_attempt_at"] = None
    world.send()
    told = shown(world)
    assert len(told) == 2 and world.statuses() == {"n1": "sent", "n2": "sent"}
    world.outbox.rows = copy.deepcopy(before)
    return told


def test_what_is_marked_as_unclear_is_found_and_not_told_again(told: Told) -> None:
    before = restored_to_before_it_was_sent(told)
    update = re.search(
        r"UPDATE ped_watch\.notifications\s+SET status = '(\w+)'.*?WHERE status IN \(([^)]*)\)", PAGE.read_text(), re.S
    )
    assert update is not None, "the page says which rows become what"
    for row in told.outbox.rows.values():
        if repr(row["status"]) in update[2]:
            row |= {"status": update[1], "lease_owner": None, "lease_expires_at": None}
    told.send()
    assert shown(told) == before
    assert told.statuses() == {"n1": "sent", "n2": "sent"}
    assert told.outbox.rows["n1"]["message_ts"] and told.outbox.rows["n2"]["message_ts"], "adopted"


def test_what_is_not_marked_is_told_twice(told: Told) -> None:
    """Why the page has that step."""
    before = restored_to_before_it_was_sent(told)
    told.send()
    assert len(shown(told)) > len(before)
