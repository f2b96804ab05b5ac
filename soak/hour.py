"""An hour on the wall clock under Airflow's own scheduler, with kills: ``python -m soak.hour``.

Cycles of a minute, LocalExecutor, nothing left out but the size of the world. APIs go over their limits and back, one
after the other, and every few seconds one of the processes that the scheduler forked for a task is killed. What had to
be told follows from which cycles saw the cluster whole; it is told once, and its end once.
"""

import argparse
import collections
import datetime as dt
import json
import os
import random
import signal
import sys
import threading
import time
from contextlib import ExitStack
from typing import Any

from bench.one_minute_hour import (
    CLUSTERS,
    GRANTED,
    GROSS,
    HAD,
    LEAD,
    MINUTE,
    STEADY,
    create_tables,
    scaled,
    shop,
    sleep_until,
)
from bench.scheduled_airflow import plain_scheduler
from bench.worker_processes import child_of, leaves_below
from sandbox.demo.stage_setting import set_stage
from sandbox.scenario.gathering import DATASET, Reader
from sandbox.scenario.model import Scenario
from sandbox.scenario.player import Player
from sandbox.scenario.rebasing import rebased
from soak.judge.breaches import Breach, Breaches
from soak.tries import ROOT

LASTS = 7
"""Cycles that a breach lasts: some of them may see nothing."""
EARLY = dt.timedelta(seconds=5)
"""Pods appear so long before their cycle."""
QUIET_MINUTES = 6
"""At the end nothing is killed, so that what waits is told."""
BETWEEN_KILLS = (10.0, 40.0)
"""Seconds."""


def happening(minutes: int) -> dict[str, tuple[int, int]]:
    """Return which API is over from which cycle on, counted from 1, and how many pods it runs then."""
    last = minutes - QUIET_MINUTES - LASTS
    return {f"service-{cycle}": (cycle, (STEADY, GROSS)[cycle // 2 % 2]) for cycle in range(3, last + 1, 2)}


def scenario(minutes: int) -> Scenario:
    """Return the shop in which that happens; its team hears of it itself."""
    over = happening(minutes)
    timeline = [
        step
        for api, (cycle, replicas) in over.items()
        for step in (scaled(api, cycle, replicas), scaled(api, cycle + LASTS, HAD))
    ]
    return shop("hour-with-kills", minutes, over, timeline, "team")


class Killer(threading.Thread):
    """Kills a process of some task now and then, until it is told to stop.

    Args:
        scheduler: process id of the scheduler; only what it forked is killed, and not its own workers.
        seed: when, and which.
    """

    def __init__(self, scheduler: int, seed: int) -> None:
        super().__init__(daemon=True)
        self._scheduler, self._random, self._is_over = scheduler, random.Random(seed), threading.Event()
        self.kills = 0

    def run(self) -> None:
        """Kill."""
        while not self._is_over.wait(self._random.uniform(*BETWEEN_KILLS)):
            if found := leaves_below(self._scheduler):
                with_luck = self._random.choice(found)
                try:
                    os.kill(with_luck, signal.SIGKILL)
                    self.kills += 1
                except ProcessLookupError:
                    continue

    def stop(self) -> None:
        """Kill nothing more."""
        self._is_over.set()


def live(minutes: int, seed: int) -> dict[str, Any]:
    """Let so many minutes pass; return what was found, and how much happened."""
    with ExitStack() as stack:
        stage = stack.enter_context(set_stage(scenario(minutes), ROOT / "build" / "soak" / "hour", is_live=True))
        create_tables(stage)
        first = (dt.datetime.now(dt.UTC) + LEAD + MINUTE).replace(second=0, microsecond=0)
        player = Player(rebased(stage.player.scenario, first), stage.servers, None, stage.player.publisher)
        player.begin()
        player.show(player.plans[0])
        stage.airflow.start(("api-server", "dag-processor", "triggerer"))
        scheduler = plain_scheduler(stage.airflow)
        stack.callback(scheduler.stop)
        sleep_until(first - EARLY)
        killer = Killer(child_of(scheduler.pid), seed)
        killer.start()
        for plan in player.plans:
            sleep_until(plan.time - EARLY)
            player.enter(plan)
            if plan.number == minutes - QUIET_MINUTES:
                killer.stop()
            says = "; ".join(plan.says) or "nothing happens"
            print(f"{plan.number:3} of {minutes}  {plan.time:%H:%M}  {killer.kills} killed  {says}", flush=True)
        sleep_until(first + minutes * MINUTE)
        time.sleep(5)
        scheduler.check_alive("the end")
        found, counts = judge(Reader(player.scenario, stage.servers), first, minutes)
    return {"findings": found, "kills": killer.kills, **counts}


def judge(reader: Reader, first: dt.datetime, minutes: int) -> tuple[list[str], dict[str, int]]:
    """Return what is wrong, and how much was looked at."""
    runs: dict[dt.datetime, dict[str, str]] = collections.defaultdict(dict)
    for row in reader.query(f"SELECT * FROM `{DATASET}.collection_runs` WHERE cycle >= TIMESTAMP '{first}'"):
        runs[first + (row["cycle"] - 1) * MINUTE][row["cluster"]] = row["status"]
    judged = {first + (row["cycle"] - 1) * MINUTE for row in reader.live_verdicts()}
    cycles = [first + number * MINUTE for number in range(minutes)]
    found = [f"accounted: {cycle:%H:%M} has no rows" for cycle in cycles[:-1] if len(runs[cycle]) != len(CLUSTERS)]
    over = happening(minutes)
    breaches, seen = Breaches(), 0
    for number, cycle in enumerate(cycles, 1):
        if runs[cycle].get(CLUSTERS[0]) == "complete" and cycle in judged:
            seen += 1
            breaches.take(cycle, [_said(api, number, *over[api]) for api in over])
    expected = {breach.subject: breach for breach in breaches.all() if breach.fired}
    messages = [message for message in reader.raw_messages() if not message.get("deleted")]
    names = collections.Counter(
        (message.get("metadata") or {}).get("event_payload", {}).get("notification_id") for message in messages
    )
    found += [f"doubled: {name} is shown {count} times" for name, count in names.items() if name and count > 1]
    for api in over:
        found += _told(api, expected.get(api), [m for m in messages if api in m["text"].split()])
    waiting = [row for row in reader.notifications() if row["status"] in ("unsent", "sending", "ambiguous")]
    found += [f"waiting: {row['reason']} is {row['status']}" for row in waiting if not row["error"]]
    counts = {"cycles": minutes, "cycles judged": seen, "breaches": len(expected), "messages": len(messages)}
    return found, counts


def _said(api: str, number: int, begins: int, replicas: int) -> dict[str, Any]:
    is_over = begins <= number < begins + LASTS
    running = replicas if is_over else HAD
    verdict, reason = ("over_limit", "over_ceiling") if is_over else ("within_limit", "within_ceiling")
    row = {"subject": api, "api_id": api, "team_id": "orders", "verdict": verdict, "reason": reason}
    return row | {"measured": running, "running": running, "max_replicas": GRANTED}


def _told(api: str, breach: Breach | None, messages: list[dict[str, Any]]) -> list[str]:
    reasons = [(message.get("metadata") or {}).get("event_payload", {}).get("reason") for message in messages]
    begun, ended = reasons.count("first"), reasons.count("resolved")
    found = [f"channel: {api} is told in {m['channel']}" for m in messages if m["channel"] != "C0ORDERS"]
    if begun != (breach is not None):
        found.append(f"{'lost' if not begun else 'doubled or untrue'}: the beginning of {api} is told {begun} times")
    if ended != (breach is not None and breach.ended is not None):
        found.append(f"{'lost' if not ended else 'doubled or untrue'}: the end of {api} is told {ended} times")
    return found


def main() -> int:
    """Live the hour and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m soak.hour", description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help=f"at least {QUIET_MINUTES + LASTS + 3}")
    parser.add_argument("--seed", type=int, default=1, help="whom it strikes, and when")
    given = parser.parse_args()
    result = live(given.minutes, given.seed)
    print(json.dumps(result, indent=2))
    return 1 if result["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
