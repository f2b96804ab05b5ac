"""A year behind it: ``python -m soak.year``; what day 365 takes, beside day 2. Exit status 1: one of it is too much.

Some cycles of 200 workloads in 5 clusters are played, with nothing behind them but a day; then all of the days before
are written by SQL, each cycle as the one that was played; then the same is played on. What both took is compared: bytes
billed and seconds of a cycle, housekeeping, the page, a day's evidence pack, parsing.
"""

import argparse
import datetime as dt
import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.cloud import bigquery

from pedwatch.hooks import clients
from soak.calendar import MINUTE, SHORT, Calendar
from soak.engine import AUDIT, DAY, HOUSEKEEPING, Engine
from soak.gathering import environment
from soak.inhabitants import Size
from soak.journal import Journal
from soak.scheduler import Run
from soak.stage import Stage
from soak.tries import ROOT
from soak.trouble import Trouble
from soak.world import World

ALLOWED = 1.2
MEASURED = 7
"""Cycles of each side, of which the medians are compared."""
SIZE = Size(clusters=5, workloads=200, teams=6, cycles=60, breaches=0.02)
OF_CYCLE = ("replica_observations", "collection_runs", "verdicts", "heartbeats")
"""Tables of which each cycle has rows of its own; their other times move with it."""
TIMES = {
    "replica_observations": ("observed_at",),
    "collection_runs": ("started_at", "finished_at", "recorded_at"),
    "verdicts": ("limits_known_at", "computed_at"),
    "heartbeats": ("finished_at",),
}
AT_ONCE = 28
"""Days that one statement writes."""
TOLD_A_DAY = 12
CYCLES = """
INSERT INTO `{d}.{table}` SELECT t.* REPLACE ({moved})
FROM `{d}.{table}` AS t CROSS JOIN UNNEST(GENERATE_ARRAY(@first, @last)) AS back WHERE t.cycle = @of
"""
BEGAN = "TIMESTAMP_SUB(@of, INTERVAL CAST(1440 + n * 1440 / @a_day AS INT64) MINUTE)"
EPISODES = """
INSERT INTO `{d}.episodes` (episode_id, fingerprint, kind, state, severity, is_exempted, is_blind, started_cycle,
  fired_cycle, resolved_cycle, last_cycle, over_cycles, unknown_cycles, fold_state, updated_at, subject, scope,
  environment, cluster, api_id, team_id)
SELECT CONCAT('y-', n), CONCAT('f-', MOD(n, 150)), 'over_limit', 'resolved', 'warning', FALSE, FALSE, {began}, {began},
  TIMESTAMP_ADD({began}, INTERVAL 1 HOUR), {began}, 2, 0, '{{}}', {began},
  CONCAT('cluster/prod.team-01.y-', MOD(n, 150), '/c01-prod'), 'cluster', 'prod', 'c01-prod',
  CONCAT('y-', MOD(n, 150)), 'team-01'
FROM UNNEST(GENERATE_ARRAY(@first, @all - 1)) AS n
"""
WORDS = """
INSERT INTO `{d}.notifications` (notification_id, episode_id, sequence, team_id, cycle, reason, destination, channel,
  told_state, message, status, attempts, sent_at, created_at, run_id)
SELECT CONCAT('y-', n, '-', s), CONCAT('y-', n), s, 'team-01', {began}, IF(s = 1, 'first', 'resolved'), 'team',
  'C0TEAM01', '{{"phase": "resolved"}}', '{{}}', 'sent', 1, {began}, {began}, 'y'
FROM UNNEST(GENERATE_ARRAY(@first, @all - 1)) AS n CROSS JOIN UNNEST([1, 2]) AS s
"""


@dataclass
class Side:
    """What one side took."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Keep a value."""
        self.values.setdefault(name, []).append(value)

    def medians(self) -> dict[str, float]:
        """Return the median of each."""
        return {name: statistics.median(values) for name, values in self.values.items()}


class Year:
    """The stage, and what is measured on it.

    Args:
        engine: plays the cycles.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine, self.stage = engine, engine.stage
        with environment(self.stage):
            self.client = clients.AsPerson().bigquery(self.stage.config())
        self.dataset = self.stage.config().dataset

    def _run(self, text: str, **parameters: Any) -> None:
        given = [bigquery.ScalarQueryParameter(name, kind, value) for name, (kind, value) in parameters.items()]
        with environment(self.stage):
            self.client.query(text, job_config=bigquery.QueryJobConfig(query_parameters=given)).result()

    def fill(self, first: int, days: int, of: dt.datetime, shown: Callable[[str], None]) -> None:
        """Write the days before a cycle that was played, from the ``first`` on, each of their cycles as that one."""
        for until in range(first, days, AT_ONCE):
            since = min(days, until + AT_ONCE)
            for table in OF_CYCLE:
                times = ("cycle", *TIMES[table])
                moved = ", ".join(f"TIMESTAMP_SUB({c}, INTERVAL back * {SHORT} MINUTE) AS {c}" for c in times)
                self._run(
                    CYCLES.format(d=self.dataset, table=table, moved=moved),
                    of=("TIMESTAMP", of),
                    first=("INT64", until * 24 * 60 // SHORT + 12),
                    last=("INT64", since * 24 * 60 // SHORT + 11),
                )
            shown(f"{since} of {days} days are written")
        self._tell(first, days, of)

    def _tell(self, first: int, days: int, of: dt.datetime) -> None:
        """Write what was told in these days: episodes that ended, and their words."""
        for text in (EPISODES, WORDS):
            self._run(
                text.format(d=self.dataset, began=BEGAN),
                of=("TIMESTAMP", of),
                first=("INT64", first * TOLD_A_DAY),
                all=("INT64", days * TOLD_A_DAY),
                a_day=("FLOAT64", float(TOLD_A_DAY)),
            )

    def measure(self, numbers: range) -> Side:
        """Play cycles, and whatever else there is, and return what it took."""
        side = Side()
        for number in numbers:
            since, tried = dt.datetime.now(dt.UTC), len(self.engine.cpu)
            self.engine.play(range(number, number + 1))
            side.add("seconds of a cycle", self.engine.seconds[-1])
            side.add("worker CPU of a cycle, s", sum(self.engine.cpu[tried:]))
            side.add("bytes billed in a cycle", self._billed(since))
        now = self.engine.cycle + MINUTE
        midnight = self.engine.cycle.replace(hour=0, minute=0)
        for name, dag_id, end in (("housekeeping", HOUSEKEEPING, now), ("a day's pack", AUDIT, midnight)):
            since, began = dt.datetime.now(dt.UTC), time.perf_counter()
            # A label of its own: both sides audit the same day, and one that was audited with the same result is left.
            conf = {"label": f"cycle-{numbers.start}"} if dag_id == AUDIT else {}
            run = Run(dag_id, f"scheduled__{end.isoformat()}", end, end - DAY, max(now, end + 45 * MINUTE), conf=conf)
            if self.engine.scheduler.play(run).state != "success":
                raise RuntimeError(f"{dag_id} failed: {run.states}")
            side.add(f"seconds of {name}", time.perf_counter() - began)
            side.add(f"bytes billed for {name}", self._billed(since))
        self._page(side, now)
        began = time.perf_counter()
        self.engine.restart()
        side.add("seconds of parsing", time.perf_counter() - began)
        return side

    def _billed(self, since: dt.datetime) -> float:
        with environment(self.stage):
            jobs = list(self.client.list_jobs(min_creation_time=since, max_results=500))
        return float(sum(getattr(job, "total_bytes_billed", None) or 0 for job in jobs))

    def _page(self, side: Side, now: dt.datetime) -> None:
        from fastapi.testclient import TestClient

        from pedwatch.page.app import make_app
        from pedwatch.page.questions import Questions

        with environment(self.stage):
            os.environ["PEDWATCH_CLOCK"] = now.isoformat()
            warehouse = clients.warehouse(self.stage.config(), clients.AsPerson())
            client = TestClient(make_app(Questions(lambda config: warehouse), may_see=lambda: None))
            for address in ("now", "now?sort=use", "now?near=1", "api?api=svc-001&span=24h", "episodes", "coverage"):
                began = time.perf_counter()
                answer = client.get(address)
                if answer.status_code != 200:
                    raise RuntimeError(f"the page {address} answers {answer.status_code}: {answer.text[:300]}")
                side.add("seconds of a page", time.perf_counter() - began)


def compare(days: int, folder: Path, shown: Callable[[str], None]) -> dict[str, tuple[float, float]]:
    """Play both sides; return what each took, day 2 first."""
    shutil.rmtree(folder, ignore_errors=True)
    world = World(1, SIZE, Calendar())
    with Stage(folder, world.clusters, world.teams) as stage:
        engine = Engine(stage, world, Trouble(1, told={}), Journal(folder / "journal.jsonl"), shown)
        year = Year(engine)
        engine.prepare()
        engine.play(range(4))
        year.fill(0, 1, world.calendar.moment(3), shown)
        early = year.measure(range(4, 4 + MEASURED)).medians()
        year.fill(1, days, world.calendar.moment(3), shown)
        late = year.measure(range(4 + MEASURED, 4 + 2 * MEASURED)).medians()
    return {name: (early[name], late[name]) for name in early}


def main() -> int:
    """Compare, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m soak.year", description=__doc__)
    parser.add_argument("--days", type=int, default=364, help="that are written")
    given = parser.parse_args()
    folder = ROOT / "build" / "soak" / "year"
    found = compare(given.days, folder, lambda line: print(line, flush=True))
    ratios = {name: late / early if early else 1.0 for name, (early, late) in found.items()}
    for name, (early, late) in found.items():
        held = "held    " if ratios[name] <= ALLOWED else "NOT HELD"
        print(f"{held}  {name}: {early:,.2f} on day 2, {late:,.2f} on day {given.days + 1}, {ratios[name]:.2f} times")
    result = {"days": given.days, "took": found, "ratios": ratios}
    (folder / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    return 0 if max(ratios.values()) <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
