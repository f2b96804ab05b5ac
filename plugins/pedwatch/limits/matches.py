"""What a limit takes of what runs: said before it is published, so that one that takes nothing is not praised. Pure."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pedwatch.limits.document import PedLimit
from pedwatch.limits.globs import meet
from pedwatch.limits.overlaps import takes_unlabelled
from pedwatch.written.spelling import meant

SHOWN = 5
"""So many workloads of a limit are named."""


@dataclass(frozen=True)
class Surroundings:
    """What there is to be taken: the environment of each cluster, and the (team_id, api_id) that anything names."""

    environments: Mapping[str, str]
    apis: Collection[tuple[str, str]]


def described(
    limits: Iterable[PedLimit], taken: Iterable[Mapping[str, Any]], seen: Surroundings, cycle: dt.datetime
) -> list[str]:
    """Return a line for each limit: which workloads it can take and what runs of them, or why it takes none.

    Args:
        limits: those that are to be published.
        taken: rows of limits/taken_workloads.sql.
        seen: what else was seen.
        cycle: when all that was seen.
    """
    workloads: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in taken:
        workloads[row["limit_id"]].append(row)
    at = f"{cycle:%Y-%m-%d %H:%M} UTC"
    return [
        f"{limit.limit_id} matches {_listed(found)}, as of {at}"
        if (found := workloads[limit.limit_id])
        else f"{limit.limit_id} matches no workload seen at {at}: {_why_none(limit, seen)}"
        for limit in limits
    ]


def _listed(found: list[Mapping[str, Any]]) -> str:
    names = [
        f"{row['cluster']}/{row['namespace']}/{row['workload_name']} "
        f"({'?' if row['replicas'] is None else row['replicas']})"
        for row in found[:SHOWN]
    ]
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    noun = "1 workload" if len(found) == 1 else f"{len(found)} workloads"
    return f"{noun} with {sum(row['replicas'] or 0 for row in found)} replicas: {', '.join([*names, *more])}"


def _why_none(limit: PedLimit, seen: Surroundings) -> str:
    return next(_reasons(limit, seen), f"nothing of {limit.api_id} runs there that its selectors take")


def _reasons(limit: PedLimit, seen: Surroundings) -> Iterator[str]:
    environments = set(seen.environments.values())
    if limit.environment not in environments:
        yield f"no cluster has environment {limit.environment}{meant(limit.environment, environments)}"
    clusters = sorted(name for name, environment in seen.environments.items() if environment == limit.environment)
    glob = limit.selectors.cluster
    if glob is not None and not any(meet(glob, name) for name in clusters):
        yield f"no cluster of {limit.environment} is like {glob}: there are {', '.join(clusters[:SHOWN])}"
    if takes_unlabelled(limit.selectors):
        return
    if (limit.team_id, limit.api_id) in seen.apis:
        return
    owners = sorted(team_id for team_id, api_id in seen.apis if api_id == limit.api_id)
    if owners:
        yield f"{limit.api_id} is of team {', '.join(owners[:SHOWN])}, not {limit.team_id}"
    own = {api_id for team_id, api_id in seen.apis if team_id == limit.team_id}
    if own:
        yield f"no workload of team {limit.team_id} has the API label {limit.api_id}{meant(limit.api_id, own)}"
    teams = {team_id for team_id, _ in seen.apis}
    yield f"no workload has the team label {limit.team_id}{meant(limit.team_id, teams)}"
