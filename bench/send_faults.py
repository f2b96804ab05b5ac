"""Sending through every fault: 1,500 random schedules, and each fault at each call of a story, over all channels.

Each row that failed holds the schedule's seed, or the fault and where it struck, which play it again:
``tests/operators/fault_schedules.py`` makes the schedule, ``tests/operators/faulty_world.py`` plays it.
"""

import logging
from collections.abc import Iterator
from typing import Any

from bench.results import Goal

SEEDS = range(1_500)


def measure() -> tuple[list[Goal], list[dict[str, Any]]]:
    """Play all of it; a row for each play that lost, doubled or left something."""
    import pytest

    from tests.operators import slack_in_process, wire_in_process
    from tests.operators.fault_schedules import a_schedule

    with pytest.MonkeyPatch.context() as patch:
        slack_in_process.connect(patch)
        wire_in_process.connect(patch)
        logging.disable(logging.CRITICAL)
        try:
            random = [{"seed": seed, **_play(a_schedule(seed), patch)} for seed in SEEDS]
            single = [{"fault": f, "call": n, **_play(schedule, patch)} for f, n, schedule in _single(patch)]
        finally:
            logging.disable(logging.NOTSET)
    rows = [row for row in (*random, *single) if row["wrong"]]
    return [
        Goal(f"of {len(random)} random schedules those that lost or doubled", _wrong(random), 0, ""),
        Goal(f"of {len(single)} single faults those that lost or doubled", _wrong(single), 0, ""),
    ], rows


def _wrong(plays: list[dict[str, Any]]) -> int:
    return sum(bool(play["wrong"]) for play in plays)


def _single(patch: Any) -> Iterator[tuple[str, int, Any]]:
    """Yield each fault at each call of the story."""
    from tests.operators.fault_schedules import CALLS, ONE, Schedule
    from tests.operators.faulty_world import World
    from tests.operators.outbox_model import OutboxModel

    calls = len(World(Schedule(ONE), OutboxModel(), patch).play().made)
    for fault in CALLS:
        for number in range(calls):
            yield fault, number, Schedule(ONE, ["fine"] * number + [fault])


def _play(schedule: Any, patch: Any) -> dict[str, str]:
    from tests.operators.faulty_world import World
    from tests.operators.outbox_model import OutboxModel
    from tests.operators.what_was_told import check

    try:
        check(World(schedule, OutboxModel(), patch).play())
    except Exception as error:  # noqa: BLE001 whatever goes wrong is what is looked for
        return {"wrong": f"{type(error).__name__}: {error}"[:300], "schedule": repr(schedule)}
    return {"wrong": ""}
