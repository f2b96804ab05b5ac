"""The demo itself: every cycle through the DAGs, then the evidence, the epilogue, and a backfill."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sandbox.demo.epilogue import Epilogue, play_epilogue
from sandbox.demo.stage_setting import Stage, set_stage
from sandbox.demo.stages import Stages
from sandbox.environment.airflow import BACKFILL
from sandbox.environment.dag_runs import DagRunner
from sandbox.environment.process import StartError
from sandbox.scenario.checking import check
from sandbox.scenario.expectations import Backfill
from sandbox.scenario.gathering import Reader
from sandbox.scenario.left_behind import LeftBehind, LeftByBackfill, Outcome, Row
from sandbox.scenario.model import Scenario
from sandbox.scenario.world import CyclePlan

#: After so many cycles with failed runs the rest would only take long: failing tasks are retried.
PATIENCE = 2
HOUSEKEEPING, SYNC, WATCH = "ped_housekeeping", "ped_limits_sync", "ped_replica_watch"


@dataclass(frozen=True)
class CycleReport:
    """What one cycle brought."""

    number: int
    time: dt.datetime
    says: tuple[str, ...]
    verdict_counts: dict[str, int]
    new_messages: list[Row]
    failed_runs: list[str]
    seconds: float


@dataclass
class Result:
    """Everything the demo found."""

    scenario: Scenario
    cycles: list[CycleReport] = field(default_factory=list)
    evidence: LeftBehind = field(default_factory=LeftBehind)
    outcomes: list[Outcome] = field(default_factory=list)
    status: list[Row] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    epilogue: Epilogue | None = None

    @property
    def exit_status(self) -> int:
        """0 where every expectation holds, else 1."""
        return 0 if all(outcome.held for outcome in self.outcomes) else 1


class Audience(Protocol):
    """Whoever is told how it goes."""

    def stage(self, text: str) -> None:
        """Hear what is being done."""

    def cycle(self, report: CycleReport) -> None:
        """Hear what a cycle brought."""


class Performance:
    """One scenario, played once on a stage that is set."""

    def __init__(self, scenario: Scenario, stage: Stage, stages: Stages, audience: Audience) -> None:
        self.scenario, self.stage, self.stages, self.audience = scenario, stage, stages, audience
        self.reader = Reader(scenario, stage.servers)
        self._appeared: dict[str, int] = {}
        self._failed: list[str] = []
        self._is_given_up = False

    def play(self) -> Result:
        """Play everything and return what was found."""
        runner = self.stage.airflow.dag_runner()
        try:
            with self.stages.measure("begin"):
                self._begin(runner)
            with self.stages.measure("cycles"):
                reports = self._cycles(runner)
            with self.stages.measure("evidence"):
                evidence = self.reader.evidence(self._appeared, self._failed)
                status = self.reader.status()
            epilogue = None
            if not self._is_given_up:
                with self.stages.measure("epilogue"):
                    epilogue = play_epilogue(self.scenario, self.stage, runner, self.reader, self.audience.stage)
        finally:
            runner.stop()
        if self.scenario.backfill and not self._is_given_up:
            with self.stages.measure("backfill"):
                evidence = dataclasses.replace(evidence, backfill=self._backfill(self.scenario.backfill))
        outcomes = [*check(self.scenario, evidence), *(epilogue.outcomes if epilogue else ())]
        return Result(self.scenario, reports, evidence, outcomes, status, self.stages.rounded(), epilogue)

    def _begin(self, runner: DagRunner) -> None:
        self.audience.stage("publishing the limits, creating the tables")
        self.stage.player.begin()
        runner.wait_until_ready()
        run = runner.run(HOUSEKEEPING, self.scenario.start - dt.timedelta(days=1))
        if not run.is_success:
            raise StartError(f"{run.describe()}; see {runner.log}")

    def _cycles(self, runner: DagRunner) -> list[CycleReport]:
        reports: list[CycleReport] = []
        for plan in self.stage.player.plans:
            reports.append(self._cycle(runner, plan))
            if all(report.failed_runs for report in reports[-PATIENCE:]) and len(reports) >= PATIENCE:
                self._is_given_up = True
                self.audience.stage(f"giving up: runs failed in {PATIENCE} cycles in a row; see {runner.log}")
                break
        return reports

    def _cycle(self, runner: DagRunner, plan: CyclePlan) -> CycleReport:
        self.stage.player.enter(plan)
        runs = [runner.run(SYNC, plan.time)]
        runs += [runner.run(WATCH, plan.time, {"allow_notify": True}) for _ in range(1 + plan.repeats)]
        failed = [run.describe() for run in runs if not run.is_success]
        self._failed += failed
        new = [message for message in self.reader.raw_messages() if message["ts"] not in self._appeared]
        self._appeared |= {message["ts"]: plan.number for message in new}
        report = CycleReport(
            number=plan.number,
            time=plan.time,
            says=plan.says,
            verdict_counts=self.reader.verdict_counts(plan.time),
            new_messages=new,
            failed_runs=failed,
            seconds=sum(run.seconds for run in runs),
        )
        self.audience.cycle(report)
        return report

    def _backfill(self, backfill: Backfill) -> LeftByBackfill:
        """Let Airflow's scheduler run its own backfill, and compare what there was with what there is."""
        first, last = backfill.cycles[0], backfill.cycles[-1]
        self.audience.stage(f"last act: airflow backfill over cycles {first}-{last}")
        before = self._traces()
        self.stage.player.leave()
        airflow = self.stage.airflow
        # dag.test gives a run of cycle T the logical date T; the backfill reprocesses those very runs.
        airflow.create_backfill(backfill.dag_id, self.scenario.cycle_time(first), self.scenario.cycle_time(last))
        try:
            airflow.start(BACKFILL)
            runs = airflow.wait_for_backfill()
        finally:
            airflow.stop()
        after = self._traces()
        return LeftByBackfill(
            runs=[(run.run_id, run.run_type, run.state) for run in runs],
            new_messages=len(after["messages"]) - len(before["messages"]),
            new_notifications=len(after["notifications"]) - len(before["notifications"]),
            new_evidence_objects=len(after["obs"]) - len(before["obs"]),
            files=sorted(set(after["audits"]) - set(before["audits"])),
            verdicts=self.reader.current_verdicts(),
            is_live_ledger_kept=after["ledger"] == before["ledger"],
        )

    def _traces(self) -> dict[str, list[Any]]:
        return {
            "messages": self.reader.raw_messages(),
            "notifications": self.reader.notifications(),
            "ledger": self.reader.live_verdicts(),
            "obs": self.reader.objects("obs/"),
            "audits": self.reader.objects("audits/"),
        }


def perform(
    scenario: Scenario, folder: Path, audience: Audience, before_leaving: Callable[[Stage, Result], None] | None = None
) -> Result:
    """Play a scenario in a folder and return what was found.

    Args:
        scenario: what to play.
        folder: emptied first, keeps everything that was written.
        audience: told how it goes.
        before_leaving: called with the stage and the result while the servers still run.
    """
    stages = Stages()
    audience.stage("starting the stand-ins and Airflow's database")
    with ExitStack() as stack:
        with stages.measure("start"):
            stage = stack.enter_context(set_stage(scenario, folder))
        result = Performance(scenario, stage, stages, audience).play()
        if before_leaving:
            before_leaving(stage, result)
        with stages.measure("stop"):
            stack.close()
    result.seconds = stages.rounded()
    return result


def count_verdicts(rows: list[Row]) -> dict[str, int]:
    """Count rows by verdict, most frequent first."""
    return dict(Counter(row["verdict"] for row in rows).most_common())
