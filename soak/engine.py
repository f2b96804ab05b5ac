"""Plays data time: cycle after cycle, what the world does, then the runs that Airflow would start.

Between two cycles teams act on limits and clusters change; at the cycle the sync and the watch run side by side, and
once a day the audit of the day before, housekeeping and the digest.
"""

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from soak.calendar import A_DAY, MINUTE
from soak.deploys import Bucket
from soak.journal import Journal
from soak.scheduler import Mishap, Run, Scheduler, Try
from soak.stage import Stage
from soak.tries import ROOT, Ended
from soak.trouble import Trouble
from soak.world import World

WATCH, SYNC = "ped_replica_watch", "ped_limits_sync"
HOUSEKEEPING, AUDIT, DIGEST = "ped_housekeeping", "ped_replica_audit", "ped_digest"
DAILY = ((AUDIT, 0, 40), (HOUSEKEEPING, 3, 17), (DIGEST, 8, 0))
DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)
UNFINISHED = ("failed", "upstream_failed")


class Engine:
    """Plays a world on a stage.

    Args:
        stage: the servers and workers.
        world: what happens, and when.
        trouble: what goes wrong.
        journal: where it is written down.
        shown: hears of progress, once a cycle.
        counted: returns how much there is of what every cycle adds to.
    """

    def __init__(
        self,
        stage: Stage,
        world: World,
        trouble: Trouble,
        journal: Journal,
        shown: Callable[[str], None],
        counted: Callable[[], dict[str, int]] = dict,
    ) -> None:
        self.stage, self.world, self.trouble, self.journal, self.shown = stage, world, trouble, journal, shown
        self.counted = counted
        self.scheduler = Scheduler(stage.worker, self._mishap, self._told, stage.pod)
        self.calendar = world.calendar
        self._pool = ThreadPoolExecutor(2)
        self._bucket = Bucket(stage.folder / "deploys") if self.calendar.deploy is not None else None
        self._states: dict[str, str] = {}
        self._dark: dict[str, dict[str, Any]] = {}
        self._to_clear: list[Run] = []
        self.number = 0
        self.peaks: list[tuple[int, str, int]] = []
        """Cycle, task and peak memory in kilobytes of every process."""
        self.seconds: list[float] = []
        self.cpu: list[float] = []
        """CPU seconds of every process."""
        self.stored: list[tuple[int, str, int]] = []
        """Cycle, what is counted, and how much there is of it."""

    @property
    def cycle(self) -> dt.datetime:
        """The cycle that is played."""
        return self.calendar.moment(self.number)

    # What the scheduler asks and tells

    def _mishap(self, attempt: Try) -> Mishap:
        return self.trouble.mishap(self.number, attempt)

    def _told(self, attempt: Try, mishap: Mishap, ended: Ended) -> None:
        name = f"{attempt.run.dag_id}.{attempt.task_id}"
        told: dict[str, Any] = {"task": name, "index": attempt.map_index, "attempt": attempt.number}
        self.peaks.append((self.number, name, ended.peak_kb))
        self.cpu.append(ended.cpu)
        if mishap != Mishap():
            self.journal.write("mishap", self.cycle, **told, mishap=dataclasses.asdict(mishap))
        for struck in ended.struck:
            fault = struck["fault"]
            what = f"answer {fault['status']}" if fault["kind"] == "answer" else fault["kind"]
            self.journal.write("fault", self.cycle, f"fault: {what}", **told, at_call=struck["call"])
        for is_so, what in (
            (mishap.clock_seconds, "clock stepped"),
            (mishap.is_double, "two workers on one task"),
            (mishap.file_bytes is not None, "full disk"),
        ):
            if is_so:
                self.journal.counts[what] += 1
        if ended.state == "killed":
            self.journal.write("killed", self.cycle, "killed", **told)
        elif ended.state in ("failed", "failed_for_good"):
            self.journal.write("failed", self.cycle, "tries that failed", **told, error=ended.error, trace=ended.trace)

    # What is played

    def prepare(self, first: int = 0) -> None:
        """Make the tables and publish the first limits, a day before; then whatever was before the first cycle."""
        before = self.calendar.moment(0) - DAY
        self.stage.at(before)
        quiet, self.trouble = self.trouble, Trouble(0, told={})
        run = self.scheduler.play(self._run(HOUSEKEEPING, before, before - DAY, before))
        if run.state != "success":
            raise RuntimeError(f"the tables could not be made: {run.states}")
        self.trouble = quiet
        self._act(0, before)
        for self.number in range(1, first):
            self.stage.at(self.cycle - 2 * MINUTE)
            self._act(self.number, self.cycle - 2 * MINUTE)
            self._happen()
        if self._bucket is not None:
            self.restart()

    def play(self, numbers: range) -> None:
        """Play these cycles."""
        for self.number in numbers:
            began = time.perf_counter()
            self._turn()
            self.seconds.append(time.perf_counter() - began)
            self.stored += [(self.number, what, amount) for what, amount in self.counted().items()]
            counts = self.journal.counts
            faults = sum(count for name, count in counts.items() if name.startswith("fault: "))
            self.shown(
                f"{self.number + 1:4} of {numbers.stop}  {self.cycle:%a %H:%M}  {self.seconds[-1]:4.1f} s  "
                f"{counts['killed']} killed, {faults} faults, {counts['tries that failed']} tries failed"
            )

    def _turn(self) -> None:
        self.stage.at(self.cycle - 2 * MINUTE)
        self._happen()
        if self.number:
            self._act(self.number, self.cycle - 2 * MINUTE)
        self._show()
        self._darken()
        self.stage.break_firestore(self.trouble.firestore(self.number))
        self.stage.at(self.cycle + 5 * SECOND)
        for run in self._cleared():
            self._ended(self.scheduler.play(run))
        start = self.cycle - self.calendar.minutes(self.number) * MINUTE
        runs = [self._run(dag_id, self.cycle, start, self.cycle + 5 * SECOND) for dag_id in (SYNC, WATCH)]
        for run in self._pool.map(self.scheduler.play, runs):
            self._ended(run)
        self.stage.break_firestore(None)
        self._daily()

    def _happen(self) -> None:
        """Let the large things of the calendar happen."""
        number, calendar = self.number, self.calendar
        for begun, build in ((calendar.deploy, "new"), (calendar.rollback, "old")):
            if self._bucket is not None and begun is not None:
                if number == begun:
                    self._bucket.begin(build)
                    self.journal.write("deploy", self.cycle, "builds that arrived in part", build=build)
                elif number == begun + 1:
                    self._bucket.arrive(build)
                    self.restart()
        if number == calendar.gap:
            self.journal.write("gap", self.cycle, "pauses", hours=calendar.gap_hours)
        if number == calendar.retire:
            assert self.world.retired is not None
            self.stage.retired.append(self.world.retired)
            self.stage.write_config()
            self.journal.write("retired", self.cycle, "clusters retired", cluster=self.world.retired)
        if number == calendar.longer:
            self.stage.cycle_minutes = calendar.minutes(number)
            self.stage.write_config()
            self.restart()
            self.journal.write("longer", self.cycle, "lengths of cycles changed", minutes=self.stage.cycle_minutes)

    def restart(self) -> None:
        """Parse the DAG files anew, and import the package of the build that is there."""
        self.stage.restart(self._bucket.here if self._bucket is not None else ROOT)
        self.scheduler.worker = self.stage.worker

    def _darken(self) -> None:
        """Let clusters misbehave, and behave again."""
        there = [c.name for c in self.world.watched if not self.world.is_retired(c.name, self.number)]
        dark = self.trouble.dark(self.number, there)
        if self.world.retired and self.world.is_retired(self.world.retired, self.number):
            dark[self.world.retired] = {"kind": "unreachable"}
        for cluster in {*dark, *self._dark}:
            if dark.get(cluster) != self._dark.get(cluster):
                self.stage.kubernetes.set_fault(cluster, dark.get(cluster))
        for cluster, fault in dark.items():
            self.journal.write("dark", self.cycle, f"cluster: {fault['kind']}", cluster=cluster, fault=fault)
        self._dark = dark

    def _cleared(self) -> list[Run]:
        """Return runs of which somebody cleared now what had failed, and what comes after it."""
        runs, self._to_clear = self._to_clear, []
        for run in runs:
            run.states = {name: state for name, state in run.states.items() if state not in UNFINISHED}
            run.now = self.cycle + 3 * SECOND
            self.journal.write("cleared", self.cycle, "runs cleared", dag_id=run.dag_id, of=run.cycle.isoformat())
        return runs

    def _daily(self) -> None:
        """Run what runs once a day, after the cycle in whose span its time lies."""
        span = self.calendar.minutes(self.number) * MINUTE
        midnight = self.cycle.replace(hour=0, minute=0)
        for dag_id, hour, minute in DAILY:
            due = midnight.replace(hour=hour, minute=minute)
            if self.cycle - span < due <= self.cycle and (dag_id != AUDIT or self.number >= A_DAY // 2):
                end = midnight if dag_id == AUDIT else due
                run = self._run(dag_id, end, end - DAY, max(due, self.cycle) + MINUTE)
                self._ended(self.scheduler.play(run))

    def settle(self, numbers: range, first: int = 0) -> None:
        """Let everything work again, play on for these cycles, and audit every day since the first cycle."""
        self.trouble = Trouble(0, told={})
        self.play(numbers)
        day = self.calendar.moment(first).replace(hour=0, minute=0)
        while day < self.cycle:
            day += DAY
            now = max(day, self.cycle) + dt.timedelta(minutes=45)
            self.stage.at(now)
            self._ended(self.scheduler.play(self._run(AUDIT, day, day - DAY, now)))

    def _run(self, dag_id: str, cycle: dt.datetime, start: dt.datetime, now: dt.datetime) -> Run:
        return Run(dag_id, f"scheduled__{cycle.isoformat()}", cycle, start, now)

    def _ended(self, run: Run) -> None:
        told = {"dag_id": run.dag_id, "state": run.state, "states": run.states, "of": run.cycle.isoformat()}
        self.journal.write("run", self.cycle, f"runs: {run.dag_id} {run.state}", **told)
        if run.dag_id == WATCH and run.state == "failed" and self.trouble.is_cleared(self.number):
            self._to_clear.append(run)

    def _act(self, number: int, now: dt.datetime) -> None:
        """Do with limits what is done before a cycle."""
        acts = self.world.acts(number)
        if not acts:
            return
        documents: list[dict[str, Any]] = []
        withdrawn: list[str] = []
        broken: list[str] = []
        for act in acts:
            if act.kind == "publish":
                fields = {k: v for k, v in dataclasses.asdict(act.limit).items() if v is not None}
                granted = {"approver": "dana", "ticket": f"PED-{number}"}
                documents.append(json.loads(json.dumps(fields | {"grant": granted}, default=_time)))
            else:
                (withdrawn if act.kind == "withdraw" else broken).append(act.limit.limit_id)
        asked: dict[str, Any] = {"dag_id": "", "task_id": "call", "run_id": "", "run": {}, "try_number": 1}
        asked |= {"function": "soak.publishing:act", "arguments": [documents, withdrawn, broken], "xcoms": {}}
        ended = self.stage.worker.run(**asked, now=now.isoformat(), prior_xcoms={})
        if ended.state != "success":
            raise RuntimeError(f"limits could not be published: {ended.error} {ended.trace}")
        for act in acts:
            values = {"limit_id": act.limit.limit_id, "max_replicas": act.limit.max_replicas}
            self.journal.write("limit", self.cycle, f"limits: {act.kind}", act=act.kind, at=now, **values)

    def _show(self) -> None:
        """Let the clusters run what they run in this cycle; what is as before is left alone."""
        for cluster, workloads in self.world.state(self.number).items():
            text = json.dumps(workloads)
            if self._states.get(cluster) != text:
                self._states[cluster] = text
                self.stage.kubernetes.set_state(cluster, workloads)


def _time(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)
