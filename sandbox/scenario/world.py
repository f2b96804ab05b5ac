"""The world cycle by cycle: folds the timeline into what each cluster holds and what is done. Pure."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sandbox.scenario.events import Step
from sandbox.scenario.model import Scenario
from sandbox.scenario.running import Running, begin

AGE = dt.timedelta(days=90)
#: What is created before a cycle is this share of one old in it.
BORN_BEFORE = 0.2
_SUBJECTS = ("workload", "cluster", "limit_id", "id", "kind")
#: Events that are acts of a moment, in contrast to those that change what a cluster holds.
ACTIONS = ("change_limit", "put_document", "slack_fault")


class TimelineError(ValueError):
    """An event that cannot happen; ``index`` is its place in the timeline."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True)
class CyclePlan:
    """What one cycle finds, and what is done before and in it."""

    number: int
    time: dt.datetime
    clusters: dict[str, dict[str, Any]]
    faults: dict[str, dict[str, Any] | None]
    actions: tuple[Step, ...] = ()
    says: tuple[str, ...] = ()
    repeats: int = 0


@dataclass
class _World:
    scenario: Scenario
    running: dict[str, Running] = field(default_factory=dict)
    faults: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def add(self, workload: Any, born: dt.datetime) -> None:
        for cluster, reference in zip(workload.cluster, workload.references, strict=True):
            if reference in self.running:
                raise ValueError(f"{reference} exists already")
            self.running[reference] = begin(workload, cluster, workload.created_at or born)

    def apply(self, step: Step) -> None:
        """Change the world; events that change nothing in it pass."""
        event = step.event
        if step.kind == "create":
            self.add(event, self.scenario.cycle_time(step.cycle) - BORN_BEFORE * self.scenario.period)
        elif step.kind == "outage":
            self.faults[event.cluster] = {"kind": event.kind, **event.options}
        elif step.kind == "recover":
            if self.faults.get(event.cluster) is None:
                raise ValueError(f"{event.cluster} has no outage to recover from")
            self.faults[event.cluster] = None
        elif getattr(event, "workload", None) is not None:
            self._change(step)

    def _change(self, step: Step) -> None:
        reference = str(step.event.workload)
        if reference not in self.running:
            raise ValueError(f"no workload {reference} in this cycle; there are {', '.join(sorted(self.running))}")
        if step.kind == "delete":
            del self.running[reference]
            return
        self.running[reference] = getattr(self.running[reference], step.kind)(step.event)

    def advance(self) -> None:
        """Let rollouts go on by one cycle."""
        self.running = {reference: running.advanced() for reference, running in self.running.items()}

    def documents(self) -> dict[str, dict[str, Any]]:
        """Return what each cluster holds, as sandbox.kubernetes takes it."""
        held: dict[str, list[dict[str, Any]]] = {name: [] for name in self.scenario.cluster_names()}
        for running in self.running.values():
            held[running.cluster].append(running.document())
        return {name: {"workloads": workloads} for name, workloads in held.items()}


def plan(scenario: Scenario) -> list[CyclePlan]:
    """Return the plan of every cycle.

    Raises:
        TimelineError: an event names something that does not exist in its cycle.
    """
    world = _World(scenario, faults=dict.fromkeys(scenario.cluster_names()))
    for workload in scenario.workloads:
        world.add(workload, scenario.start - AGE)
    plans = []
    for number in range(1, scenario.cycles + 1):
        world.advance()
        steps = [(index, step) for index, step in enumerate(scenario.timeline) if step.cycle == number]
        for index, step in steps:
            try:
                world.apply(step)
            except ValueError as error:
                raise TimelineError(index, f"cycle {number}: {error}") from None
        plans.append(_plan_cycle(world, number, [step for _, step in steps]))
    return plans


def _plan_cycle(world: _World, number: int, steps: list[Step]) -> CyclePlan:
    return CyclePlan(
        number=number,
        time=world.scenario.cycle_time(number),
        clusters=world.documents(),
        faults=dict(world.faults),
        actions=tuple(step for step in steps if step.kind in ACTIONS),
        says=tuple(step.say or describe(step) for step in steps),
        repeats=sum(step.repeat_cycle or 0 for step in steps),
    )


def describe(step: Step) -> str:
    """Say in a few words what an event is."""
    event = step.event
    words = step.kind.replace("_", " ")
    if not hasattr(event, "model_dump"):
        return f"{words} ×{event}"
    values = event.model_dump(exclude_none=True, exclude_defaults=True)
    subject = next((str(getattr(event, name)) for name in _SUBJECTS if hasattr(event, name)), "")
    rest = " ".join(
        f"{key}={value}" for key, value in values.items() if key not in _SUBJECTS and not isinstance(value, dict)
    )
    return " ".join(part for part in (words, subject, rest) if part)
