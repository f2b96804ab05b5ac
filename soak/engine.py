"""Plays data time: cycle after cycle, what the world does, then the runs that Airflow would start.

Between two cycles teams act on limits and clusters change; at the cycle the sync and the watch run side by side, and
once a day housekeeping, the audit of the day before and the digest.
"""

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pedwatch.cycles import LATE_FILES
from soak.journal import Journal
from soak.scheduler import Ended, Mishap, Run, Scheduler, Try
from soak.stage import Stage
from soak.trouble import Trouble
from soak.world import MINUTES, START, World

WATCH, SYNC = "ped_replica_watch", "ped_limits_sync"
HOUSEKEEPING, AUDIT, DIGEST = "ped_housekeeping", "ped_replica_audit", "ped_digest"
MINUTE = dt.timedelta(minutes=1)
A_DAY = dt.timedelta(days=1)
SETTLED = LATE_FILES + 10 * MINUTE


def moment(number: int) -> dt.datetime:
    """Return the time of a cycle, counted from 0."""
    return START + number * MINUTES * MINUTE


class Engine:
    """Plays a world on a stage.

    Args:
        stage: the servers and workers.
        world: what happens.
        trouble: what goes wrong.
        journal: where it is written down.
        shown: hears of progress, once a cycle.
    """

    def __init__(
        self, stage: Stage, world: World, trouble: Trouble, journal: Journal, shown: Callable[[str], None]
    ) -> None:
        self.stage, self.world, self.trouble, self.journal, self.shown = stage, world, trouble, journal, shown
        self.scheduler = Scheduler(stage.worker, self._mishap, self._told, stage.pod)
        self._pool = ThreadPoolExecutor(2)
        self._shown_states: dict[str, str] = {}
        self.number = 0
        self.peaks: list[tuple[int, str, int]] = []
        """Cycle, task and peak memory in kilobytes of every process."""
        self.seconds: list[float] = []

    @property
    def cycle(self) -> dt.datetime:
        """The cycle that is played."""
        return moment(self.number)

    # What is told to whoever keeps the journal

    def _mishap(self, attempt: Try) -> Mishap:
        return self.trouble.mishap(self.number, attempt)

    def _told(self, attempt: Try, mishap: Mishap, ended: Ended) -> None:
        name = f"{attempt.run.dag_id}.{attempt.task_id}"
        self.peaks.append((self.number, name, ended.peak_kb))
        for struck in ended.struck:
            fault = struck["fault"]
            what = fault["kind"] if fault["kind"] != "answer" else f"answer {fault['status']}"
            self.journal.write(
                "fault", self.cycle, f"fault: {what}", task=name, attempt=attempt.number, call=struck["call"], **fault
            )
        if mishap.clock_seconds:
            self.journal.write("clock", self.cycle, "clock stepped", task=name, seconds=mishap.clock_seconds)
        if mishap.is_double:
            self.journal.write("double", self.cycle, "two workers on one task", task=name)
        if mishap.file_bytes is not None:
            self.journal.write("disk", self.cycle, "full disk", task=name)
        if ended.state == "killed":
            self.journal.write("killed", self.cycle, "killed", task=name, attempt=attempt.number)
        elif ended.state in ("failed", "failed_for_good"):
            told = {"error": ended.error, "trace": ended.trace}
            self.journal.write("failed", self.cycle, "tries that failed", task=name, attempt=attempt.number, **told)

    # What is played

    def prepare(self) -> None:
        """Make the tables and publish the first limits, a day before."""
        before = moment(0) - A_DAY
        self.stage.at(before)
        run = self._run(HOUSEKEEPING, before, before - A_DAY, before)
        if self.scheduler.play(run).state != "success":
            raise RuntimeError(f"the tables could not be made: {run.states}")
        self._act(0, before)

    def play(self, numbers: range) -> None:
        """Play these cycles."""
        for self.number in numbers:
            began = time.perf_counter()
            self._turn()
            self.seconds.append(time.perf_counter() - began)
            self.shown(f"{self.cycle:%a %H:%M}  {self.seconds[-1]:4.1f} s")

    def _turn(self) -> None:
        self.stage.at(self.cycle - 2 * MINUTE)
        self.trouble.events(self, self.number)
        if self.number:
            self._act(self.number, self.cycle - 2 * MINUTE)
        self._show()
        if self.trouble.is_paused(self.number):
            self.journal.write("paused", self.cycle, "cycles paused")
            return
        self.stage.at(self.cycle + dt.timedelta(seconds=5))
        start = self.cycle - self.stage.cycle_minutes * MINUTE
        runs = [self._run(dag_id, self.cycle, start, self.cycle + 5 * dt.timedelta(seconds=1)) for dag_id in (SYNC, WATCH)]
        for run in self._pool.map(self.scheduler.play, runs):
            self._ended(run)
        self._daily()

    def _daily(self) -> None:
        """Run what runs once a day, after the cycle in whose span its time lies."""
        midnight = self.cycle.replace(hour=0, minute=0)
        for dag_id, hour, minute in ((AUDIT, 0, 40), (HOUSEKEEPING, 3, 17), (DIGEST, 8, 0)):
            due = midnight.replace(hour=hour, minute=minute)
            if not self.cycle - MINUTES * MINUTE < due <= self.cycle or (dag_id == AUDIT and self.number < A_DAY // (MINUTES * MINUTE)):
                continue
            end = midnight if dag_id == AUDIT else due
            self._ended(self.scheduler.play(self._run(dag_id, end, end - A_DAY, max(due, self.cycle) + MINUTE)))

    def audit(self, end: dt.datetime, start: dt.datetime) -> Run:
        """Audit what was played, by hand: the day is not over."""
        conf = {"from_date": start.isoformat(), "to_date": end.isoformat()}
        run = self._run(AUDIT, end, start, end + SETTLED)
        run.run_type, run.conf = "manual", conf
        self._ended(self.scheduler.play(run))
        return run

    def _run(self, dag_id: str, cycle: dt.datetime, start: dt.datetime, now: dt.datetime) -> Run:
        return Run(dag_id, f"scheduled__{cycle.isoformat()}", cycle, start, now)

    def _ended(self, run: Run) -> None:
        told = {"dag_id": run.dag_id, "state": run.state, "states": run.states}
        self.journal.write("run", self.cycle, f"runs: {run.dag_id} {run.state}", **told)

    def _act(self, number: int, now: dt.datetime) -> None:
        """Do with limits what is done before a cycle."""
        acts = self.world.acts(number)
        if not acts:
            return
        documents, withdrawn, broken = [], [], []
        for act in acts:
            if act.kind == "publish":
                fields = {k: v for k, v in dataclasses.asdict(act.limit).items() if v is not None}
                granted = {"approver": "dana", "ticket": f"PED-{number}"}
                documents.append(json.loads(json.dumps(fields | {"grant": granted}, default=_time)))
            else:
                (withdrawn if act.kind == "withdraw" else broken).append(act.limit.limit_id)
        asked: dict[str, Any] = {"dag_id": "", "task_id": "call", "run_id": "", "run": {}, "try_number": 1}
        arguments = [documents, withdrawn, broken]
        ended = self.stage.worker.run(
            **asked, function="soak.publishing:act", arguments=arguments, now=now.isoformat(), xcoms={}, prior_xcoms={}
        )
        if ended.state != "success":
            raise RuntimeError(f"limits could not be published: {ended.error}")
        for act in acts:
            values = {"limit_id": act.limit.limit_id, "max_replicas": act.limit.max_replicas}
            self.journal.write("limit", self.cycle, f"limits: {act.kind}", act=act.kind, at=now, **values)

    def _show(self) -> None:
        """Let the clusters run what they run in this cycle; what is as before is left alone."""
        for cluster, workloads in self.world.state(self.number).items():
            text = json.dumps(workloads)
            if self._shown_states.get(cluster) != text:
                self._shown_states[cluster] = text
                self.stage.kubernetes.set_state(cluster, workloads)


def _time(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)
