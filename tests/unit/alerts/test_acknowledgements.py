"""Who takes care of what: reminders are quiet until it is worse or ends, and the thread says who and when."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pedwatch.alerts.acknowledgements import Acknowledgement, in_force, new_reactions, to_row
from pedwatch.alerts.live.acknowledged import acknowledged
from pedwatch.alerts.notifications import Told
from pedwatch.cycles import PERIOD
from tests.golden_messages import at, blind, seen
from tests.unit.alerts.watching import Watch, all_seen, routes

NOW = at(3)


def given(by: str = "U0MAYA", severity: str | None = "warning", minutes: int = 0, **fields: Any) -> Acknowledgement:
    via = "reaction" if by.startswith("U0") else "command"
    values = {"acknowledgement_id": f"{by}-{severity}-{minutes}", "episode_id": "e1", "acknowledged_by": by, "via": via}
    return Acknowledgement(
        **(values | {"severity": severity, "acknowledged_at": NOW + dt.timedelta(minutes=minutes)} | fields)
    )


@pytest.mark.parametrize(
    ("known", "severity", "holds"),
    [
        ([], "warning", None),
        ([given()], "warning", "U0MAYA-warning-0"),
        ([given()], "critical", None),
        ([given(severity="critical")], "warning", "U0MAYA-critical-0"),
        ([given(), given("dana@x.example", minutes=5)], "warning", "dana@x.example-warning-5"),
        ([given(severity="critical"), given("U0JONAS", minutes=9)], "critical", "U0MAYA-critical-0"),
    ],
    ids=["nobody", "as bad", "worse than it was", "milder", "the newest", "the newest for what it is"],
)
def test_an_acknowledgement_holds_for_what_is_not_worse(known: Any, severity: str, holds: str | None) -> None:
    found = in_force(known, severity)
    assert (found.acknowledgement_id if found else None) == holds


def test_a_reaction_counts_once_and_not_for_what_the_message_says_later() -> None:
    first = new_reactions([], "e1", ["U0MAYA", "U0MAYA", "not a user"], "warning", NOW)
    assert [each.acknowledged_by for each in first] == ["U0MAYA"]
    assert new_reactions([], "e1", ["U0MAYA"], "warning", NOW) == first, "the same however often it is seen"
    assert new_reactions(first, "e1", ["U0MAYA"], "critical", NOW) == [], "it stays on the message when that is worse"
    [worse] = new_reactions(first, "e1", ["U0MAYA"], "critical", NOW, is_parent=False)
    assert worse.severity == "critical", "on the reply that says so, it is of that"
    assert new_reactions([*first, worse], "e1", ["U0MAYA"], "critical", NOW, is_parent=False) == []


class Table:
    """The table of acknowledgements; ``asked`` counts the statements."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.asked = 0

    def run(self, name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Read."""
        self.asked += 1
        return [row for row in self.rows if row["episode_id"] in parameters["episode_ids"].value]

    def write(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Write."""
        self.asked += 1
        self.rows += parameters["acknowledgements"].value


class Slack:
    """Who has reacted to which message; None: Slack does not answer."""

    def __init__(self, **users: list[str] | None) -> None:
        self.reacted = users
        self.read: list[str] = []

    def users(self, places: Sequence[tuple[str, str]], name: str) -> dict[tuple[str, str], list[str]]:
        """Answer."""
        assert name == "eyes"
        self.read += [ts for _, ts in places]
        answers = {(channel, ts): self.reacted.get(ts, []) for channel, ts in places}
        return {place: users for place, users in answers.items() if users is not None}


class Acknowledged(Watch):
    """A watch whose messages people react to; every row is sent at once, the ts of a parent is its thread's name."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.table, self.workspace = Table(), Slack()

    def go(self, *observations: Any, **options: Any) -> list[Any]:
        """Play a cycle, with what is known of who takes care."""
        self.holding = {}
        before = self.told
        rows = super().go(*observations, **options, may_notify=False)
        told = {name: Told(**(vars(each) | _sent(each))) for name, each in before.items()}
        cycle = at(self.cycle)
        self.holding = acknowledged(
            self.table,
            self.episodes.values(),
            told,
            cycle,
            PERIOD,
            cycle,
            self.slack,
            self.workspace,  # type: ignore[arg-type]
        )
        return self.tell() or rows


def _sent(told: Told) -> dict[str, Any]:
    is_member = bool(told.state.get("storm"))
    return {"parent_ts": None if is_member else "parent", "message_ts": f"reply{told.sequence}"}


def test_nobody_is_asked_while_nothing_fires_that_was_told() -> None:
    watch = Acknowledged()
    watch.go(seen(1, 14))
    watch.go(seen(2, 14))
    assert (watch.table.asked, watch.workspace.read) == (0, []), "it fires, and nobody was told yet"
    watch.go(seen(3, 14))
    assert (watch.table.asked, watch.workspace.read) == (1, ["parent", "reply1"])


def test_a_reaction_quiets_reminders_and_the_thread_says_who() -> None:
    watch = Acknowledged(slack=routes(reminder_hours=[0.25]))
    for number in (1, 2):
        watch.go(seen(number, 14))
    watch.workspace.reacted["parent"] = ["U0MAYA"]
    [row] = watch.go(seen(3, 14))
    assert row.reason == "acknowledged"
    assert row.message.thread == ("Acknowledged by @U0MAYA with 👀. No more reminders until it gets worse or ends.")
    assert ("Acknowledged by", "@U0MAYA, 10:15 UTC") in row.message.facts
    assert row.message.people == ["U0MAYA"]
    assert [r for number in range(4, 40) for r in watch.go(seen(number, 14))] == [], "no reminder"
    assert len(watch.table.rows) == 1
    reads = len(watch.workspace.read)
    [worse] = watch.go(seen(40, 19))
    assert (worse.reason, json.loads(worse.told_state)["acknowledged"]) == ("worse", None)
    assert "Acknowledged by" not in dict(worse.message.facts), "what is worse nobody takes care of yet"
    assert len(watch.workspace.read) > reads, "who had reacted to the milder message is known now"
    reminders = [r.reason for number in range(41, 50) for r in watch.go(seen(number, 19))]
    assert "reminder" in reminders and "acknowledged" not in reminders, "the old reaction says nothing of it"


def test_a_reaction_to_the_worse_word_is_of_that() -> None:
    watch = Acknowledged(slack=routes(reminder_hours=[0.25]))
    watch.workspace.reacted["parent"] = ["U0MAYA"]
    for number, count in enumerate((14, 14, 14, 19), 1):
        rows = watch.go(seen(number, count))
    assert [row.reason for row in rows] == ["worse"]
    watch.workspace.reacted[f"reply{rows[0].sequence}"] = ["U0MAYA"]
    [row] = watch.go(seen(5, 19))
    assert row.reason == "acknowledged"
    assert [r for number in range(6, 30) for r in watch.go(seen(number, 19))] == []


def test_who_reacted_unseen_before_it_was_worse_takes_no_care_of_the_worse() -> None:
    watch = Acknowledged()
    for number in (1, 2, 3):
        watch.go(seen(number, 14))
    watch.workspace.reacted["parent"] = ["U0JONAS"]
    assert [row.reason for row in watch.go(seen(4, 19))] == ["worse"]
    assert [row.reason for row in watch.go(seen(5, 19))] == []
    assert [row["severity"] for row in watch.table.rows] == ["warning"]


@pytest.mark.parametrize("answer", [None, []], ids=["Slack does not answer", "nobody"])
def test_what_is_not_known_is_not_no_and_what_was_known_stays(answer: list[str] | None) -> None:
    watch = Acknowledged(slack=routes(reminder_hours=[0.25]))
    for number in (1, 2):
        watch.go(seen(number, 14))
    watch.workspace.reacted["parent"] = ["U0MAYA"]
    watch.go(seen(3, 14))
    watch.workspace.reacted["parent"] = answer
    assert [r for number in range(4, 20) for r in watch.go(seen(number, 14))] == [], "a reaction is a row for good"


def test_a_command_is_said_as_one_with_its_note() -> None:
    watch = Acknowledged()
    for number in (1, 2):
        watch.go(seen(number, 14))
    [episode] = watch.episodes
    watch.table.rows.append(to_row(given("dana@shop.example", episode_id=episode, note="scaling down")))
    [row] = watch.go(seen(3, 14))
    assert row.message.thread.startswith("Acknowledged by dana@shop.example at the command line: scaling down.")
    assert row.message.people == []
    assert watch.workspace.read == [], "who is acknowledged is not asked about"
    assert [row.reason for number in (4, 5) for row in watch.go(seen(number, 8))] == ["resolved"]


def test_a_storms_message_is_acknowledged_for_all_in_it() -> None:
    watch = Acknowledged(slack=routes(reminder_hours=[0.25]))
    for number in (1, 2):
        rows = watch.go(*all_seen(number, 12, 12))
    storm = rows[0].episode_id
    watch.workspace.reacted["parent"] = ["U0MAYA"]
    told, *members = watch.go(*all_seen(3, 12, 12))
    assert told.episode_id == storm and told.message.thread.startswith("Acknowledged by @U0MAYA with 👀.")
    assert {row.reason for row in members} == {"acknowledged"} and len(members) == 12
    assert [r for number in range(4, 12) for r in watch.go(*all_seen(number, 12, 12))] == []


def test_a_blind_cluster_can_be_acknowledged_too() -> None:
    watch = Acknowledged()
    items = blind("ffff")
    for number in (1, 2, 3):
        watch.go(items[number - 1])
    watch.workspace.reacted["parent"] = ["U0JONAS"]
    [row] = watch.go(items[3])
    assert (row.reason, row.channel) == ("acknowledged", "C0PLATFORM")
    assert row.message.thread.startswith("Acknowledged by @U0JONAS")
