"""One-minute cycles on the wall clock: real scheduler, LocalExecutor and schedule, nothing imported before the fork.

Every other minute an API scales out, seconds later each time, in turns a little above its limit (steady: told at the
second look) and to twice of it (gross: told at the first). Four minutes later it is back at what it had.
"""

import datetime as dt
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from bench.results import FOLDER, Goal
from bench.scheduled_airflow import SYNC, WATCH, open_database, plain_scheduler
from bench.worker_processes import child_of, cpu_seconds
from sandbox.demo.stage_setting import Stage, set_stage
from sandbox.scenario.gathering import DATASET, Reader
from sandbox.scenario.model import Scenario
from sandbox.scenario.player import Player
from sandbox.scenario.rebasing import rebased

CLUSTERS = ("eu-prod-1", "eu-prod-2")
MINUTE = dt.timedelta(minutes=1)
GRANTED, HAD, STEADY, GROSS = 8, 6, 9, 16
BACK_AFTER = 4
APPEARS_AT = (5, 15, 25, 35, 45, 55)
"""Seconds after the minute; a cluster is listed at about eight of them."""
TOLD_WITHIN = {STEADY: 150, GROSS: 90}
MOST_MINUTES = {STEADY: 3, GROSS: 2}
"""So many before the end a breach has to begin, to be told in it."""
LEAD = dt.timedelta(seconds=90)
"""Before the first cycle: Airflow begins with the last run of every DAG at once, an audit and a digest among them."""


@dataclass(frozen=True)
class Breach:
    """An API that scales out: in which cycle, how many seconds after its mark, to how many pods."""

    cycle: int
    second: int
    replicas: int

    @property
    def api(self) -> str:
        """Its name, which its message holds."""
        return f"service-{self.cycle}"


def breaches(minutes: int) -> list[Breach]:
    """Return what happens in so many minutes."""
    kinds = ((cycle, (STEADY, GROSS)[cycle // 2 % 2]) for cycle in range(4, minutes + 1, 2))
    return [
        Breach(cycle, APPEARS_AT[number % len(APPEARS_AT)], kind)
        for number, (cycle, kind) in enumerate(kinds)
        if cycle <= minutes - MOST_MINUTES[kind]
    ]


def scaled(api: str, cycle: int, replicas: int) -> dict[str, Any]:
    """Return what lets an API have so many pods from a cycle on."""
    return {"cycle": cycle, "scale": {"workload": f"{CLUSTERS[0]}/shop/{api}", "replicas": replicas}}


def shop(name: str, minutes: int, apis: Iterable[str], timeline: list[dict[str, Any]], mode: str) -> Scenario:
    """Return a shop of two clusters with one-minute cycles; its time is moved to now before it is played.

    Args:
        name: of the scenario.
        minutes: how many cycles.
        apis: those that are there beside a steady one; each is granted `GRANTED` pods and has `HAD`.
        timeline: what happens.
        mode: where its team's alerts go.
    """
    grant = {"approver": "dana", "ticket": "PED-1"}
    apis = [*apis, "steady"]
    return Scenario.model_validate(
        {
            "name": name,
            "description": "APIs scale out and back, one after the other.",
            "cycle_minutes": 1,
            "start": "2026-03-02T10:00:00Z",
            "cycles": minutes,
            "clusters": [{"name": name, "environment": "prod"} for name in CLUSTERS],
            "teams": [{"team_id": "orders", "channel": {"id": "C0ORDERS", "name": "orders-alerts"}, "mode": mode}],
            "platform_channel": {"id": "C0PLATFORM", "name": "ped-platform"},
            "limits": [
                {"environment": "prod", "team_id": "orders", "api_id": api, "max_replicas": GRANTED, "grant": grant}
                for api in apis
            ],
            "workloads": [
                {"cluster": cluster, "namespace": "shop", "name": api, "api": api, "team": "orders", "replicas": HAD}
                for cluster in CLUSTERS
                for api in apis
            ],
            "timeline": timeline,
        }
    )


def scenario(minutes: int) -> Scenario:
    """Return the shop in which the breaches happen."""
    found = breaches(minutes)
    timeline = [scaled(breach.api, breach.cycle, breach.replicas) for breach in found]
    ended = [breach for breach in found if breach.cycle + BACK_AFTER <= minutes]
    timeline += [scaled(breach.api, breach.cycle + BACK_AFTER, HAD) for breach in ended]
    return shop("one-minute-hour", minutes, [breach.api for breach in found], timeline, "platform")


def measure(minutes: int = 60) -> tuple[list[Goal], list[dict[str, Any]]]:
    """Let so many minutes pass, and return what became of their cycles and breaches."""
    with ExitStack() as stack:
        stage = stack.enter_context(set_stage(scenario(minutes), FOLDER / "one_minute_hour", is_live=True))
        create_tables(stage)
        first = _mark(dt.datetime.now(dt.UTC) + LEAD)
        player = Player(rebased(stage.player.scenario, first), stage.servers, None, stage.player.publisher)
        player.begin()
        player.show(player.plans[0])
        stage.airflow.start(("api-server", "dag-processor", "triggerer"))
        scheduler = plain_scheduler(stage.airflow)
        stack.callback(scheduler.stop)
        sleep_until(first)
        pid = child_of(scheduler.pid)
        began = cpu_seconds(pid)
        appeared = _play(player, minutes)
        # The last cycle has its minute too.
        sleep_until(first + minutes * MINUTE)
        cpu = (cpu_seconds(pid) - began) / minutes
        scheduler.check_alive("the end")
        reader = Reader(player.scenario, stage.servers)
        rows = list(_runs(stage, reader, first, minutes))
        told = _told(reader, minutes, appeared)
    return goals(rows, told, cpu, minutes), [*rows, *told]


def _mark(moment: dt.datetime) -> dt.datetime:
    """Return the first minute behind a moment."""
    return moment.replace(second=0, microsecond=0) + MINUTE


def sleep_until(moment: dt.datetime) -> None:
    """Wait until then; not at all where it is over."""
    time.sleep(max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds()))


def create_tables(stage: Stage) -> None:
    """Run ``ped_housekeeping`` once.

    Raises:
        RuntimeError: it failed; says which task.
    """
    runner = stage.airflow.dag_runner()
    try:
        made = runner.run("ped_housekeeping", dt.datetime.now(dt.UTC).replace(microsecond=0))
    finally:
        runner.stop()
    if not made.is_success:
        raise RuntimeError(made.describe())


def _play(player: Player, minutes: int) -> dict[str, dt.datetime]:
    """Play the cycles; return when each API had its pods."""
    seconds = {breach.cycle: breach.second for breach in breaches(minutes)}
    appeared = {}
    for plan in player.plans:
        sleep_until(plan.time + dt.timedelta(seconds=seconds.get(plan.number, 0)))
        player.enter(plan)
        if plan.number in seconds:
            appeared[f"service-{plan.number}"] = dt.datetime.now(dt.UTC)
        print(f"{plan.time:%H:%M} {'; '.join(plan.says) or 'nothing happens'}", flush=True)
    return appeared


def _runs(stage: Stage, reader: Reader, first: dt.datetime, minutes: int) -> Iterator[dict[str, Any]]:
    """Yield what became of each cycle: both DAGs' runs, the clusters seen, when its heartbeat was."""
    query = """
        SELECT dag_id, data_interval_end, state, start_date, end_date FROM dag_run
        WHERE dag_id IN (?, ?) AND run_type = 'scheduled'
    """
    with closing(open_database(stage.airflow)) as database:
        runs = {
            (dag_id, _moment(end)): (state, _moment(began), _moment(ended))
            for dag_id, end, state, began, ended in database.execute(query, (SYNC, WATCH))
        }
    seen: dict[int, dict[str, Any]] = {}
    for name, text in _SEEN.items():
        for found in reader.query(text.format(d=DATASET, first=first.isoformat())):
            seen.setdefault(found["cycle"], {})[name] = found["found"]
    before = first
    for number in range(1, minutes + 1):
        cycle = first + (number - 1) * MINUTE
        row: dict[str, Any] = {"cycle": cycle.isoformat()}
        for name in (SYNC, WATCH):
            state, began, ended = runs.get((name, cycle), ("missing", None, None))
            row[name] = {
                "state": state,
                "began": (began - cycle).total_seconds() if began else None,
                "ended": (ended - cycle).total_seconds() if ended else None,
            }
            if name == WATCH:
                row["overlaps"] = bool(began and began < before)
                before = ended or before
        row |= seen.get(number, {})
        row["is_complete"] = (
            row[WATCH]["state"] == row[SYNC]["state"] == "success"
            and row.get("clusters") == len(CLUSTERS)
            and row.get("seconds_to_heartbeat") is not None
        )
        yield row


_SEEN = {
    "clusters": "SELECT cycle, COUNT(DISTINCT IF(status = 'complete', cluster, NULL)) AS found "
    "FROM `{d}.collection_runs` WHERE cycle >= TIMESTAMP '{first}' GROUP BY cycle",
    "rows_observed": "SELECT cycle, COUNT(*) AS found FROM `{d}.replica_observations` "
    "WHERE cycle >= TIMESTAMP '{first}' GROUP BY cycle",
    "seconds_to_heartbeat": "SELECT cycle, TIMESTAMP_DIFF(MIN(finished_at), cycle, SECOND) AS found "
    "FROM `{d}.heartbeats` WHERE cycle >= TIMESTAMP '{first}' AND dag_id = 'ped_replica_watch' AND origin = 'live' "
    "GROUP BY cycle",
}
"""What of each cycle the tables know."""


def _moment(text: str | None) -> dt.datetime | None:
    """Read a time as SQLite has it of Airflow: UTC, without an offset."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) if text else None


def _told(reader: Reader, minutes: int, appeared: dict[str, dt.datetime]) -> list[dict[str, Any]]:
    """Return of each breach how long after its pods Slack had the message; infinitely, where it has none."""
    messages = reader.raw_messages()
    found = []
    for breach in breaches(minutes):
        since = appeared[breach.api]
        posted = [
            float(message["ts"]) - since.timestamp() for message in messages if _is_about(breach.api, message["text"])
        ]
        found.append(
            {
                "api": breach.api,
                "kind": "gross" if breach.replicas == GROSS else "steady",
                "appeared": since.isoformat(),
                "seconds_to_slack": min((seconds for seconds in posted if seconds > 0), default=float("inf")),
            }
        )
    return found


def _is_about(api: str, text: str) -> bool:
    return api in text.replace("*", " ").replace("`", " ").split()


def goals(rows: list[dict[str, Any]], told: list[dict[str, Any]], cpu: float, minutes: int) -> list[Goal]:
    """Return what one-minute cycles are to hold."""
    beats = [row["seconds_to_heartbeat"] for row in rows if row.get("seconds_to_heartbeat") is not None]

    def slowest(kind: str) -> float:
        return max((row["seconds_to_slack"] for row in told if row["kind"] == kind), default=0.0)

    return [
        Goal(f"cycles of {minutes} that are not complete", sum(not row["is_complete"] for row in rows), 0, "cycles"),
        Goal("cycles that overlap", sum(row["overlaps"] for row in rows), 0, "cycles"),
        Goal("longest from a steady breach's pods to Slack", slowest("steady"), TOLD_WITHIN[STEADY], "s"),
        Goal("longest from a gross breach's pods to Slack", slowest("gross"), TOLD_WITHIN[GROSS], "s"),
        Goal("latest heartbeat after its cycle", max(beats, default=float("inf")), 60, "s"),
        Goal("worker CPU of a cycle, sync included, tellings among them", cpu, 12, "s"),
    ]
