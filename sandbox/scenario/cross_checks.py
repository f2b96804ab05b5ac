"""What can only be checked across fields: names that must exist, cycles in range, limits that publish."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pedwatch.config.cycle_length import MOST_CLUSTERS
from sandbox.scenario.events import Step
from sandbox.scenario.limit_documents import document_id, document_problems
from sandbox.scenario.model import Scenario
from sandbox.scenario.world import TimelineError, plan


@dataclass(frozen=True)
class Problem:
    """Something wrong, and the place in the file."""

    path: tuple[str | int, ...]
    message: str


def find_problems(scenario: Scenario) -> list[Problem]:
    """Return everything that is wrong across fields."""
    problems = [*_duplicates(scenario), *_workloads(scenario), *_timeline(scenario), *_limits(scenario)]
    problems += [*_expectations(scenario), *_policy(scenario), *_cycle_length(scenario)]
    if problems:
        return problems
    try:
        plan(scenario)
    except TimelineError as error:
        return [Problem(("timeline", error.index), str(error))]
    return []


def _duplicates(scenario: Scenario) -> Iterator[Problem]:
    lists = {
        "clusters": scenario.cluster_names(),
        "teams": [team.team_id for team in scenario.teams],
        "workloads": [reference for workload in scenario.workloads for reference in workload.references],
        "limits": [document_id(document) for document in scenario.limits],
    }
    for field, names in lists.items():
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Problem((field,), f"{name} is listed twice")


def _workloads(scenario: Scenario) -> Iterator[Problem]:
    for index, workload in enumerate(scenario.workloads):
        for name in workload.cluster:
            yield from _exists(("workloads", index, "cluster"), "cluster", name, scenario.cluster_names())


def _timeline(scenario: Scenario) -> Iterator[Problem]:
    for index, step in enumerate(scenario.timeline):
        if step.cycle > scenario.cycles:
            yield Problem(("timeline", index, "cycle"), f"{step.cycle} is beyond the last cycle, {scenario.cycles}")
        for name in _clusters_named(step):
            yield from _exists(("timeline", index, step.kind), "cluster", name, scenario.cluster_names())


def _clusters_named(step: Step) -> Iterable[str]:
    if step.create:
        return step.create.cluster
    if step.kind in ("outage", "recover"):
        return [step.event.cluster]
    reference = getattr(step.event, "workload", None)
    return [reference.cluster] if reference is not None else []


def _limits(scenario: Scenario) -> Iterator[Problem]:
    known = {}
    for index, document in enumerate(scenario.limits):
        known[document_id(document)] = document
        yield from _document(("limits", index), document)
    for index, step in sorted(enumerate(scenario.timeline), key=lambda pair: pair[1].cycle):
        path = ("timeline", index, step.kind)
        if step.change_limit is None:
            continue
        limit_id = step.change_limit.limit_id
        yield from _exists(path, "limit", limit_id, known)
        if limit_id in known:
            known[limit_id] = {**known[limit_id], **step.change_limit.set}
            yield from _document(path, known[limit_id])


def _document(path: tuple[str | int, ...], document: dict[str, Any]) -> Iterator[Problem]:
    for field, message in document_problems(document):
        parts = field.replace("[", ".").replace("]", "").split(".") if field else []
        yield Problem((*path, *(int(part) if part.isdigit() else part for part in parts)), message)


def _expectations(scenario: Scenario) -> Iterator[Problem]:
    channels = [*scenario.channels(), *scenario.channels().values()]
    for field in type(scenario.expect).model_fields:
        for index, item in enumerate(getattr(scenario.expect, field)):
            path = ("expect", field, index)
            ends = [getattr(item, name, None) for name in ("fired", "resolved")]
            for cycle in [*(getattr(item, "cycles", None) or ()), *ends]:
                if cycle and cycle > scenario.cycles:
                    yield Problem(path, f"cycle {cycle} is beyond the last one, {scenario.cycles}")
            if getattr(item, "channel", None):
                yield from _exists(path, "channel", item.channel, channels)
            reference = getattr(item, "workload", None)
            cluster = reference.cluster if reference else getattr(item, "cluster", None)
            if cluster:
                yield from _exists(path, "cluster", cluster, scenario.cluster_names())
    if scenario.backfill and scenario.backfill.cycles[-1] > scenario.cycles:
        yield Problem(("backfill", "cycles"), f"beyond the last cycle, {scenario.cycles}")


def _policy(scenario: Scenario) -> Iterator[Problem]:
    if scenario.canary_channel is None:
        for index, team in enumerate(scenario.teams):
            if team.mode == "canary":
                yield Problem(("teams", index, "mode"), "is canary but the scenario has no canary_channel")


def _cycle_length(scenario: Scenario) -> Iterator[Problem]:
    if scenario.cycle_minutes == 1 and len(scenario.clusters) > MOST_CLUSTERS:
        yield Problem(("cycle_minutes",), f"1 is for up to {MOST_CLUSTERS} clusters, in a deployment as well")


def _exists(path: tuple[str | int, ...], kind: str, name: str, known: Iterable[str]) -> Iterator[Problem]:
    if name not in known:
        yield Problem(path, f"no {kind} {name!r}; there are {', '.join(sorted(set(known)))}")
