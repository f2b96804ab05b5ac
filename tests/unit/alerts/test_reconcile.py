"""What is told, when, and where: level-triggered, once per change (docs/design.md#d8, #d12)."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from pedwatch.alerts import block_kit, table_rows
from pedwatch.alerts.episodes import Episode, Subject
from pedwatch.alerts.fold import fold_period
from pedwatch.alerts.ledger import from_clusters
from pedwatch.alerts.messages import Message
from pedwatch.alerts.notifications import Notification, Told
from pedwatch.alerts.reconcile import reconcile
from pedwatch.alerts.surroundings import Surroundings
from pedwatch.config import PolicyConfig, Slack
from pedwatch.cycles import PERIOD, cycles_between
from tests.unit.alerts.stories import ORDERS, START, cycle_at, observations
from tests.unit.alerts.watching import Watch, all_seen, routes

SLACK = Slack.model_validate(
    {
        "platform_channel": "C0PLATFORM",
        "canary_channel": "C0CANARY",
        "teams": {
            "team-orders": {"channel": "C0ORDERS", "mention": "<!subteam^S0ORDERS>", "mode": "team"},
            "team-shadow": {"channel": "C0SHADOW", "mode": "suppressed"},
            "team-canary": {"channel": "C0OTHER", "mode": "canary"},
            "team-new": {"channel": "C0NEWCOMERS", "mention": "<!subteam^S0NEWCOMERS>"},
        },
    }
)


def told_of(row: Notification) -> Told:
    """What the fold reads back of a row that it wrote."""
    return Told(row.episode_id, row.sequence, row.channel, row.destination, json.loads(row.told_state))


def tell(story: str, subject: Subject = ORDERS, gates: str = "") -> list[Notification]:
    """Play a story cycle by cycle and return all that was written to the outbox; a ``-`` in gates closes the gate."""
    episodes: dict[str, Episode] = {}
    told: dict[str, Told] = {}
    written: list[Notification] = []
    for number, item in enumerate(observations(story, subject), 1):
        newest = sorted(episodes.values(), key=lambda e: e.started_cycle)[-1:]
        changed = fold_period(
            newest, [item], cycles_between(cycle_at(number - 1), cycle_at(number), PERIOD), PolicyConfig()
        )
        episodes |= {e.episode_id: e for e in changed}
        if gates[number - 1 : number] == "-":
            continue
        new = reconcile(episodes.values(), told, cycle_at(number), SLACK)
        written += new
        for row in new:
            told[row.episode_id] = told_of(row)
    return written


@pytest.mark.parametrize(
    ("story", "reasons"),
    [
        ("OOOOOOO", ["first"]),
        ("OOOO..", ["first", "resolved"]),
        ("OOGGO", ["first", "worse"]),
        ("GOO", ["first"]),
        ("OOEEOO..", ["first", "exempted", "exemption_ended", "resolved"]),
        ("OO????..", ["first", "resolved"]),
        ("OO.. OO", ["first", "resolved", "first"]),
        ("O..", []),
        (".......", []),
        ("???????", []),
        ("EEEE..", []),
        ("EEEO", ["first"]),
    ],
    ids=[
        "one alert however long it lasts",
        "and one when it ends",
        "worse once",
        "critical from the start is not worse later",
        "an exemption is said, and its end",
        "not seen in between is no news",
        "again is a new episode",
        "silence: it never fired",
        "silence: steady",
        "silence: unseen",
        "silence: exempt all along",
        "the exemption ended and it is over",
    ],
)
def test_what_is_told(story: str, reasons: list[str]) -> None:
    assert [row.reason for row in tell(story)] == reasons


def test_ids_count_up_and_never_repeat() -> None:
    told = tell("OOEEOO..")
    assert [row.sequence for row in told] == [1, 2, 3, 4]
    assert len({row.notification_id for row in told}) == 4
    assert [row.notification_id for row in tell("OOEEOO..")] == [row.notification_id for row in told]


@pytest.mark.parametrize(
    ("gates", "reasons"),
    [("----", ["first"]), ("-------", []), ("  -----", ["first", "resolved"])],
    ids=["a closed gate delays, it does not consume", "ended before anyone was told", "the end is told when it opens"],
)
def test_gates_delay(gates: str, reasons: list[str]) -> None:
    story = "OOOOO" if gates == "----" else "OOOO..."
    assert [row.reason for row in tell(story + ("." if gates.startswith(" ") else ""), gates=gates)] == reasons


@pytest.mark.parametrize(
    ("team", "channel", "destination", "status"),
    [
        ("team-orders", "C0ORDERS", "team", "unsent"),
        ("team-shadow", "C0SHADOW", "suppressed", "suppressed"),
        ("team-canary", "C0CANARY", "canary", "unsent"),
        ("team-nobody-knows", "C0PLATFORM", "team", "unsent"),
        ("team-new", "C0PLATFORM", "team", "unsent"),
        (None, "C0PLATFORM", "team", "unsent"),
    ],
)
def test_routing(team: str | None, channel: str, destination: str, status: str) -> None:
    subject = Subject(fingerprint="f2", name="s", cluster="eu-prod-1", api_id="a", team_id=team)
    (row,) = tell("OO", subject)
    assert (row.channel, row.destination, row.status) == (channel, destination, status)
    assert row.message.mention == ("<!subteam^S0ORDERS>" if team == "team-orders" else None)
    why = {"team-nobody-knows": "no route in", "team-new": "not live in", None: "no route in"}.get(team, "")
    assert why in " ".join(row.message.notes) and ("told here" in " ".join(row.message.notes)) == bool(why)


def cluster_row(number: int, status: str, error_class: str | None, cluster: str = "eu-prod-1") -> dict[str, Any]:
    """Return a row of ``collection_runs``."""
    environment = "discovery" if cluster.startswith("discovery_") else "prod"
    told = {"status": status, "error_class": error_class, "error_message": error_class and f"it is {error_class}"}
    return {"cycle": cycle_at(number), "cluster": cluster, "environment": environment, **told}


def blind(statuses: str) -> list[Episode]:
    """Fold how one cluster was seen: ``c`` complete, ``f`` failed."""
    words = {"c": ("complete", None), "f": ("failed", "unreachable")}
    rows_found = [cluster_row(number, *words[letter]) for number, letter in enumerate(statuses, 1)]
    items = from_clusters(rows_found, [])
    return fold_period([], items, cycles_between(START, cycle_at(len(statuses)), PERIOD), PolicyConfig())


def test_three_blind_cycles_make_one_alert_in_the_platform_channel() -> None:
    assert reconcile(blind("cff"), {}, cycle_at(3), SLACK) == []
    (row,) = reconcile(blind("cfff"), {}, cycle_at(4), SLACK)
    assert row.channel == "C0PLATFORM" and "eu-prod-1" in row.message.text and "unreachable" in row.message.text


def test_the_first_complete_cycle_ends_it() -> None:
    (episode,) = blind("fffc")
    assert (episode.state, episode.end_reason) == ("resolved", "seen_again")


WHOLE, IN_PART = ("complete", None), ("failed", "timeout")


@pytest.mark.parametrize(
    ("after", "state"),
    [
        ([cluster_row(2, *WHOLE), cluster_row(2, *WHOLE, "discovery_shop")], "resolved"),
        ([cluster_row(2, "failed", "unreachable"), cluster_row(2, *WHOLE, "discovery_shop")], "resolved"),
        ([cluster_row(2, *WHOLE, "discovery_shop")], "resolved"),
        ([cluster_row(2, *WHOLE), cluster_row(2, *IN_PART, "discovery_lab")], "firing"),
        ([cluster_row(2, *IN_PART, "discovery_shop")], "firing"),
        ([cluster_row(2, "failed", "missed_cycle")], "firing"),
        ([], "firing"),
        ([cluster_row(2, "failed", "ambiguous"), cluster_row(2, *WHOLE, "discovery_shop")], "firing"),
    ],
    ids=[
        "seen again",
        "accepted, though dark",
        "gone from a whole listing",
        "discovery failed elsewhere",
        "discovery failed",
        "nobody looked",
        "no record",
        "still",
    ],
)
def test_a_cluster_that_waits_is_told_of_at_once_and_settled_by_a_whole_listing(
    after: list[dict[str, Any]], state: str
) -> None:
    first = [cluster_row(1, "failed", "moved"), cluster_row(1, *WHOLE, "discovery_shop")]
    together = fold_period(
        [], from_clusters([*first, *after], []), cycles_between(START, cycle_at(2), PERIOD), PolicyConfig()
    )
    together = [e for e in together if e.subject.kind == "unaccepted_cluster"]
    begun = fold_period([], from_clusters(first, []), cycles_between(START, cycle_at(1), PERIOD), PolicyConfig())
    (row,) = reconcile(begun, {}, cycle_at(1), SLACK)
    assert (row.reason, row.channel) == ("first", "C0PLATFORM") and "it is moved" in row.message.text
    one_by_one = fold_period(
        begun, from_clusters(after, begun), cycles_between(cycle_at(1), cycle_at(2), PERIOD), PolicyConfig()
    )
    assert [e for e in one_by_one if e.subject.kind == "unaccepted_cluster"] == together, (
        "cycle by cycle or at once, it is the same"
    )
    assert [e.state for e in together] == [state]
    if state == "resolved":
        (ended,) = reconcile(together, {row.episode_id: told_of(row)}, cycle_at(2), SLACK)
        assert (ended.reason, together[0].end_reason) == ("resolved", "settled")


def test_a_cluster_that_waits_is_not_blind_as_well() -> None:
    rows_found = [cluster_row(number, "failed", "moved") for number in range(1, 5)]
    episodes = fold_period(
        [], from_clusters(rows_found, []), cycles_between(START, cycle_at(4), PERIOD), PolicyConfig()
    )
    assert [e.subject.kind for e in episodes] == ["unaccepted_cluster"]


@pytest.mark.parametrize(
    ("story", "is_lower_bound", "channels"),
    [("OO?", False, ["C0PLATFORM"]), ("OOO", True, ["C0PLATFORM", "C0ORDERS"])],
    ids=["not known now: muted", "over in the part that was seen: told"],
)
def test_a_blind_cluster_mutes_what_is_not_known_of_its_apis(
    story: str, is_lower_bound: bool, channels: list[str]
) -> None:
    items = [replace(i, observation=replace(i.observation, is_lower_bound=is_lower_bound)) for i in observations(story)]
    over = fold_period([], items, cycles_between(START, cycle_at(3), PERIOD), PolicyConfig())
    rows_written = reconcile([*over, *blind("fff")], {}, cycle_at(3), SLACK)
    assert sorted(row.channel for row in rows_written) == sorted(channels)


@pytest.mark.parametrize("count", [1, 12], ids=["alone", "among many"])
def test_a_count_of_a_part_is_told_as_a_lower_bound(count: int) -> None:
    items = [
        replace(i, observation=replace(i.observation, is_lower_bound=True))
        for number in range(count)
        for i in observations("OO", replace(ORDERS, fingerprint=f"f{number}"))
    ]
    (row, *_) = reconcile(
        fold_period([], items, cycles_between(START, cycle_at(2), PERIOD), PolicyConfig()), {}, cycle_at(2), SLACK
    )
    assert ("orders: at least 12 of 10" if count > 1 else "orders runs at least 12 pods") in row.message.text
    whole = fold_period([], [*items, *observations("OOO")], cycles_between(START, cycle_at(3), PERIOD), PolicyConfig())
    assert [e.memory.is_lower_bound for e in whole if e.subject == ORDERS] == [False], "the whole was seen"


@pytest.mark.parametrize("story", ["OO", "OOGG", "OOEE", "OO..", "OO.." * 5, "OOX"])
def test_rows_keep_everything(story: str) -> None:
    for row in tell(story):
        text = table_rows.notification_to_row(row)["message"]
        assert Message.from_json(json.loads(text)) == row.message
    for episode in fold_period([], observations(story), cycles_between(START, cycle_at(30), PERIOD), PolicyConfig()):
        assert table_rows.episode_from_row(table_rows.episode_to_row(episode)) == episode


def test_the_text_alone_tells_the_whole_fact() -> None:
    first, resolved = (row.message for row in tell("OOOO.."))
    for word in ("orders", "12 pods", "eu-prod-1", "limit is 10"):
        assert word in block_kit.text_of(first)
    for word in ("orders", "within its limit again", "25 min", "peak 12 pods", "fell back"):
        assert word in block_kit.text_of(resolved)


HOSTILE = "<!channel> *bold* <http://x|y> & \x07\u202e `code`"


def test_label_text_cannot_ping_or_link() -> None:
    subject = Subject(fingerprint="f", name=HOSTILE, cluster="c", namespace=HOSTILE, api_id=HOSTILE, team_id="t")
    (row,) = tell("OO", subject)
    everything = json.dumps(block_kit.parent_blocks(row.message)) + block_kit.text_of(row.message)
    assert "<!channel>" not in everything and "<http" not in everything
    assert "&lt;!channel&gt;" in block_kit.text_of(row.message)


def test_long_names_stay_within_slacks_limits() -> None:
    subject = Subject(fingerprint="f", name="n", cluster="c" * 9000, api_id="a" * 9000, team_id="t" * 9000)
    (row,) = tell("OO", subject)
    blocks = block_kit.parent_blocks(row.message)
    assert len(block_kit.text_of(row.message)) <= 4000
    assert len(blocks) <= 40
    texts = [block["text"]["text"] for block in blocks if "text" in block]
    assert all(len(text) <= 3000 for text in texts)
    assert all(len(f["text"]) <= 2000 for block in blocks for f in block.get("fields", []))
    assert sum(len(json.dumps(block)) for block in blocks) <= 10_000


def test_limits_as_of_is_said_when_they_are_stale() -> None:
    over = fold_period([], observations("OO"), cycles_between(START, cycle_at(2), PERIOD), PolicyConfig())
    known_at = dt.datetime(2026, 3, 2, 9, 40, tzinfo=dt.UTC)
    (row,) = reconcile(over, {}, cycle_at(2), SLACK, Surroundings(limits_as_of=known_at))
    assert "limits as of 09:40 UTC" in row.message.notes


def test_a_channel_that_is_configured_no_more_is_left_once() -> None:
    watch = Watch()
    watch.go(*all_seen(1, 12, 1))
    watch.go(*all_seen(2, 12, 1))
    watch.slack = routes(teams={"orders": {"channel": "C0NEW", "mode": "team"}})
    [moved] = watch.go(*all_seen(3, 12, 1))
    assert (moved.reason, moved.channel, moved.sequence) == ("first", "C0NEW", 2)
    assert watch.go(*all_seen(4, 12, 1)) == []
    ended = [row for cycle in (5, 6, 7) for row in watch.go(*all_seen(cycle, 8, 1))]
    assert [(row.reason, row.channel) for row in ended] == [("resolved", "C0NEW")]


def test_a_channel_that_another_team_or_the_platform_has_is_kept() -> None:
    watch = Watch()
    watch.go(*all_seen(1, 12, 1))
    watch.go(*all_seen(2, 12, 1))
    teams = {"orders": {"channel": "C0NEW", "mode": "team"}, "growth": {"channel": "C0ORDERS", "mode": "team"}}
    watch.slack = routes(teams=teams)
    assert watch.go(*all_seen(3, 12, 1)) == []
    watch.slack = routes(platform_channel="C0ORDERS", teams={"orders": teams["orders"]})
    assert watch.go(*all_seen(4, 12, 1)) == []
