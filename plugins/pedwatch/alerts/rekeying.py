"""An episode whose limit goes on under another key is carried over to the subject that goes on. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pedwatch.alerts.episodes import Episode, Subject
from pedwatch.alerts.observed import SubjectObservation


def identity(row: Mapping[str, Any] | Subject) -> tuple[Any, ...]:
    """Return which workload of whose a subject is, whatever key its limit has; of several workloads all but a name."""
    names = ("environment", "cluster", "namespace", "workload_kind", "workload_name", "team_id", "api_id")
    found = row if isinstance(row, Mapping) else vars(row)
    return tuple(found[name] for name in names)


def carry_over(current: dict[str, Episode], seen: dict[str, SubjectObservation]) -> None:
    """Give the open episodes of limits that were re-keyed to the subjects that go on, where these have none."""
    for key, item in list(seen.items()):
        episode = current.get(key)
        if item.observation.seen != "rekeyed" or episode is None or not episode.is_open:
            continue
        for other, successor in seen.items():
            is_same = successor.subject.kind == item.subject.kind and identity(successor.subject) == identity(
                item.subject
            )
            taken = current.get(other)
            if other != key and is_same and successor.observation.seen != "rekeyed" and not (taken and taken.is_open):
                current[other] = replace(episode, subject=successor.subject)
                del current[key], seen[key]
                break
