"""An hour of data time with everything failing: nothing lost, nothing told twice, nothing untrue.

And ten faults and more put in on purpose into what it left: the judge names each. One file, so that it is played once.
"""

import copy
import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pedwatch.cli import main
from soak.calendar import Calendar
from soak.inhabitants import Size
from soak.judge.evidence import Cycle, Evidence, Row
from soak.judge.told import payload_of
from soak.judge.verdict import judge
from soak.soaking import Soaked, soak
from soak.trouble import Rates, Trouble
from soak.world import World
from tests.contracts.session import recorded

pytestmark = pytest.mark.timeout(900)  # the first test waits for the soak, on a machine that has other work
Short = tuple[Soaked, Path]
#: Three clusters, and a seed in which breaches begin and end.
SEED = 5
SIZE = Size(clusters=3, workloads=24, teams=3, cycles=9, breaches=0.5)
CALENDAR = Calendar(gap=5, gap_hours=1, retire=7)
#: Nothing that costs its wait on the wall, and more of all else than in a day.
RATES = Rates(wire=0.2, telling=0.7, clock=0.03, double=0.06, disk=0.03, firestore=0.2)


@pytest.fixture(scope="module")
def short_soak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Soaked, Path]]:
    """The soak, and the folder that it left."""
    folder = tmp_path_factory.mktemp("soak") / "short"
    world = World(SEED, SIZE, CALENDAR)
    with recorded():
        found = soak(world, Trouble(SEED, RATES), folder, print, quiet_cycles=3, keeps_rows=True)
    yield found, folder


def test_the_judge_finds_nothing(short_soak: Short) -> None:
    found, _ = short_soak
    assert [str(finding) for finding in found.verdict.findings] == []


def test_something_went_wrong_and_something_was_told(short_soak: Short) -> None:
    """A soak in which nothing fails, or nobody is over, shows nothing."""
    found, _ = short_soak
    counts, judged = found.counts, found.verdict.counts
    assert counts["killed"] >= 4
    assert sum(count for name, count in counts.items() if name.startswith("fault: ")) >= 10
    assert sum(count for name, count in counts.items() if name.startswith("cluster: ")) >= 3
    assert counts["two workers on one task"] >= 2 and counts["clusters retired"] == counts["pauses"] == 1
    assert judged["breaches that lasted"] >= 3 and judged["verdicts compared"] >= 100
    reasons = {row["reason"] for row in found.evidence.tables["notifications"]}
    assert {"first", "resolved"} <= reasons


def told(evidence: Evidence, reason: str) -> Row:
    """A message of that reason about an API, which stands by itself."""
    episodes = {e["episode_id"]: e for e in evidence.tables["episodes"] if e["kind"] == "over_limit"}
    return next(
        message
        for message in evidence.messages
        if payload_of(message).get("reason") == reason and payload_of(message)["episode_id"] in episodes
    )


def outbox(evidence: Evidence, reason: str) -> Row:
    return next(row for row in evidence.tables["notifications"] if row["reason"] == reason)


def a_message_is_lost(evidence: Evidence) -> None:
    evidence.messages.remove(told(evidence, "first"))


def a_message_is_doubled(evidence: Evidence) -> None:
    message = told(evidence, "first")
    evidence.messages.append(message | {"ts": message["ts"] + "1"})


def a_number_is_untrue(evidence: Evidence) -> None:
    for version in [message := told(evidence, "first"), *message["revisions"]]:
        version["text"] = re.sub(r"(runs|asks for) (\d+)", lambda m: f"{m[1]} {int(m[2]) + 1}", version["text"])


def the_channel_is_anothers(evidence: Evidence) -> None:
    told(evidence, "first")["channel"] = "C0ELSEWHERE"


def an_end_is_never_told(evidence: Evidence) -> None:
    message = told(evidence, "resolved")
    evidence.messages.remove(message)
    name = payload_of(message)["notification_id"]
    rows = evidence.tables["notifications"]
    rows.remove(next(row for row in rows if row["notification_id"] == name))


def a_word_waits_for_nothing(evidence: Evidence) -> None:
    outbox(evidence, "first").update(status="unsent", error=None)


def a_cluster_is_not_accounted_for(evidence: Evidence) -> None:
    _, cycle = list(evidence.moments())[2]
    rows = evidence.tables["collection_runs"]
    rows.remove(next(row for row in rows if row["cycle"] == cycle))


def of_some_cycle(table: str) -> Callable[[Callable[[list[Row]], Any]], Callable[[Evidence], None]]:
    """Change the rows of a large table, of the first cycle that has any whose clusters were all seen."""

    def make(change: Callable[[list[Row]], Any]) -> Callable[[Evidence], None]:
        def plant(evidence: Evidence) -> None:
            read, chosen = evidence.of_cycle, None
            for _, cycle in evidence.moments():
                seen = all(run["status"] == "complete" for run in evidence.runs_at(cycle).values())
                if seen and getattr(read(cycle), table):
                    chosen = cycle
                    break
            assert chosen is not None
            found: Cycle = copy.deepcopy(read(chosen))
            change(getattr(found, table))
            evidence.of_cycle = lambda cycle: found if cycle == chosen else read(cycle)

        return plant

    return make


@of_some_cycle("verdicts")
def a_row_of_the_ledger_is_changed(rows: list[Row]) -> None:
    row = next(row for row in rows if row["measured"])
    row["measured"] += 1


@of_some_cycle("verdicts")
def a_row_of_the_ledger_is_gone(rows: list[Row]) -> None:
    rows.pop()


@of_some_cycle("observations")
def an_observation_is_changed(rows: list[Row]) -> None:
    """In every attempt: who owns the cycle is not said here."""
    chosen = next(row for row in rows if row["status_replicas"])
    for row in rows:
        if row["name"] == chosen["name"] and row["resource_type"] == chosen["resource_type"]:
            row["status_replicas"] += 1


def memory_grows(evidence: Evidence) -> None:
    evidence.peaks += [(number, "ped_limits_sync.sync_limits", 100_000 + 1_000 * number) for number in range(100)]


def something_is_told_of_nothing(evidence: Evidence) -> None:
    """An episode begins a cycle before anything was over."""
    message = told(evidence, "first")
    name = payload_of(message)["episode_id"]
    for row in (*evidence.tables["episodes"], *evidence.tables["notifications"]):
        if row["episode_id"] == name:
            row["episode_id"] = "never"


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (a_message_is_lost, "lost"),
        (a_message_is_doubled, "doubled"),
        (a_number_is_untrue, "untrue"),
        (the_channel_is_anothers, "channel"),
        (an_end_is_never_told, "lost"),
        (a_word_waits_for_nothing, "waiting"),
        (a_cluster_is_not_accounted_for, "accounted"),
        (a_row_of_the_ledger_is_changed, "ledger"),
        (a_row_of_the_ledger_is_gone, "ledger"),
        (an_observation_is_changed, "observed"),
        (memory_grows, "growth"),
        (something_is_told_of_nothing, "untrue"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_the_judge_names_it(plant: Callable[[Evidence], None], kind: str, short_soak: Short) -> None:
    good = short_soak[0].evidence
    small = {"tables": copy.deepcopy(good.tables), "messages": copy.deepcopy(good.messages), "peaks": list(good.peaks)}
    evidence = dataclasses.replace(good, **small)
    plant(evidence)
    assert kind in {finding.kind for finding in judge(evidence).findings}


def test_a_pack_that_was_changed_does_not_verify(short_soak: Short, capsys: pytest.CaptureFixture[str]) -> None:
    """The product's own verification says so; the judge asks it of every label."""
    _, folder = short_soak
    label = next(path for path in folder.rglob("audits/daily") if path.is_dir())
    assert main(["audit", "verify", str(label)]) == 0
    report = next(path for path in sorted(label.rglob("*")) if path.is_file() and path.suffix == ".html")
    report.write_bytes(report.read_bytes().replace(b"<", b"< ", 1))
    assert main(["audit", "verify", str(label)]) != 0
    assert "problem" in capsys.readouterr().out
