"""Live state is a function of what was observed (docs/design.md#d7), however the runs that wrote it lived and died.

Random worlds are watched live: compared and folded cycle by cycle, by workers that are killed before or after what they
write, retried, cleared later, or lost until the next run catches up. What that leaves equals one recomputation of the
whole period, judged and folded as audits do it: the same verdicts, the same episodes, the same ids.
"""

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedwatch.alerts.carried import carried
from pedwatch.alerts.episodes import Episode
from pedwatch.alerts.live.live_fold import fold_alerts
from pedwatch.alerts.table_rows import episode_from_row
from pedwatch.audit.coverage import cycles_in, lengths_of
from pedwatch.audit.period_episodes import EpisodeFold
from pedwatch.cycles import SHORTEST, minutes_of, period_of
from pedwatch.hooks.warehouse import Warehouse
from tests.oracle.worlds import Tables
from tests.sql.story_files import configured
from tests.sql.test_cases import _load
from tests.sql.test_verdict_oracle import (
    assert_same,
    judge_live,
    judged,
    ledger_rows,
    make_worlds,
    one_example_of_many_worlds,
)

WRITES = ("verdicts/compare.sql", "alerts/commit_fold.sql", "alerts/move_cursor.sql")
ENDS = ("well", "retried", "cleared later", "lost")
"""How a run goes on that was killed; ``well`` was not. A lost one was compared: what no run judged nobody can fold."""


class Killed(BaseException):
    """The worker is gone."""


class MortalWarehouse(Warehouse):
    """A warehouse whose worker is killed just before or just after it has written something."""

    death: tuple[str, str] | None = None
    lengths: Mapping[dt.datetime, dt.timedelta]
    """Of the cycles that were recorded."""

    def write(self, name: str, parameters: Mapping[str, Any] | None = None, **variables: object) -> int:
        """Write, and die if it is time; once."""
        when, self.death = (self.death[0], None) if self.death and self.death[1] == name else (None, self.death)
        if when == "before":
            raise Killed
        changed = super().write(name, parameters, **variables)
        if when == "after":
            raise Killed
        return changed


@pytest.fixture
def warehouse(case_warehouse: Warehouse) -> Iterator[MortalWarehouse]:
    config = case_warehouse.config
    yield MortalWarehouse(case_warehouse.client, config, case_warehouse.sql_root)
    for table in (*vars(Tables()), "verdicts", "episodes", "fold_cursor"):
        case_warehouse.client.query(f"TRUNCATE TABLE `{config.project}.{config.dataset}.{table}`").result()


def fold(warehouse: MortalWarehouse, cycle: dt.datetime) -> None:
    """Fold as a worker does whose configuration has the length that the cycle was recorded with."""
    length = warehouse.lengths[cycle]
    warehouse.config = warehouse.config.model_copy(update={"cycle_minutes": configured(minutes_of(length))})
    fold_alerts(warehouse, warehouse.config, cycle, cycle + length / 2, f"run-{cycle.isoformat()}", may_notify=False)


def run(warehouse: MortalWarehouse, cycle: dt.datetime, death: tuple[str, str] | None) -> None:
    """Live through a run until it ends, or its worker does."""
    warehouse.death = death
    try:
        judge_live(warehouse, cycle)
        fold(warehouse, cycle)
    except Killed:
        pass
    warehouse.death = None


def watch(warehouse: MortalWarehouse, cycles: list[dt.datetime], random_: random.Random) -> None:
    """Live through the cycles; the last run of all lives, as some run always does in the end."""
    to_clear: list[dt.datetime] = []
    for cycle in cycles:
        # Where no cursor is, a fold begins with its own cycle: the first one is folded before the second begins.
        end = random_.choice(ENDS if cycles[0] < cycle < cycles[-1] else ENDS[:2])
        run(warehouse, cycle, None if end == "well" else (random_.choice(["before", "after"]), random_.choice(WRITES)))
        if end == "retried":
            run(warehouse, cycle, None)
        elif end == "cleared later":
            to_clear.append(cycle)
        if end in ("lost", "cleared later"):
            judge_live(warehouse, cycle)
        for late in [late for late in to_clear if late < cycle and random_.random() < 0.5]:
            run(warehouse, late, None)
            to_clear.remove(late)
    run(warehouse, cycles[-1], None)


def live_episodes(warehouse: Warehouse) -> list[Episode]:
    dataset = f"{warehouse.config.project}.{warehouse.config.dataset}"
    (cursor,) = warehouse.client.list_rows(f"{dataset}.fold_cursor")
    stored = [episode_from_row(dict(row.items())) for row in warehouse.client.list_rows(f"{dataset}.episodes")]
    return [carried(episode, cursor["cycle"], period_of(cursor["cycle_minutes"])) for episode in stored]


def recomputed_episodes(
    warehouse: MortalWarehouse, rows: list[dict[str, Any]], clusters: list[dict[str, Any]], cycles: list[dt.datetime]
) -> list[Episode]:
    """Fold a recomputation as audits do; a cycle that is missing altogether is folded, too: nothing was seen in it."""
    found = EpisodeFold([])
    for cycle in cycles_in(warehouse.lengths, cycles[0], cycles[-1] + SHORTEST):
        of_cycle = [row for row in rows if row["cycle"] == cycle]
        seen = [{"error_class": None, **row} for row in clusters if row["cycle"] == cycle]
        found.cycle(cycle, of_cycle, seen, warehouse.config.policy)
    return found.episodes_since(cycles[0])


def states(episodes: list[Episode]) -> dict[str, Episode]:
    """Return episodes by id, without what was before they began: a live fold looks a quarter of an hour back for it."""
    return {e.episode_id: replace(e, memory=replace(e.memory, before=None)) for e in episodes}


def differences(live: dict[str, Episode], expected: dict[str, Episode]) -> list[str]:
    """Say in a line each what differs, field by field."""
    found = [f"{live[key].subject.name}: only live" for key in live.keys() - expected.keys()]
    found += [f"{expected[key].subject.name}: only recomputed" for key in expected.keys() - live.keys()]
    for mine, other in ((live[key], expected[key]) for key in live.keys() & expected.keys()):
        differing = [name for name in vars(mine) if getattr(mine, name) != getattr(other, name)]
        about = f"{mine.subject.name} of {mine.started_cycle:%H:%M}"
        found += [f"{about}: {name} {getattr(mine, name)} != {getattr(other, name)}" for name in differing]
    return sorted(found)


@given(seed=st.integers(min_value=0, max_value=2**32))
@one_example_of_many_worlds
def test_however_runs_die_the_episodes_are_those_of_one_recomputation(warehouse: MortalWarehouse, seed: int) -> None:
    cycles, tables = make_worlds(seed)
    for name, rows in vars(tables).items():
        _load(warehouse, name, rows)
    for name in ("verdicts", "episodes", "fold_cursor"):
        _load(warehouse, name, [])
    warehouse.lengths = lengths_of(tables.collection_runs)
    watch(warehouse, cycles, random.Random(seed + 2))

    whole = judged(warehouse, cycles[0], cycles[-1] + SHORTEST, None)
    assert_same(whole, ledger_rows(warehouse))
    live = states(live_episodes(warehouse))
    expected = states(recomputed_episodes(warehouse, whole, tables.collection_runs, cycles))
    assert len(live) > 30, "the worlds have something to tell"
    found = differences(live, expected)
    assert not found, "\n".join(found)
