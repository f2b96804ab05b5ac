"""An episode that goes on under another key of its limit, or as another kind of workload, is carried over. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pedwatch.alerts.episodes import Episode, Subject
from pedwatch.alerts.observed import Seen, SubjectObservation

_SAME: dict[Seen, tuple[str, ...]] = {
    "rekeyed": ("environment", "cluster", "namespace", "workload_name", "team_id", "api_id", "workload_kind"),
    "moved": ("environment", "cluster", "namespace", "workload_name", "team_id", "api_id"),
}
"""What of a subject stays the same where it goes on as another one."""


def place(row: Mapping[str, Any] | Subject) -> tuple[Any, ...]:
    """Return where and whose a subject is, whatever its kind and the key of its limit; without a name of several."""
    return _values(row, "moved")


def carry_over(current: dict[str, Episode], seen: dict[str, SubjectObservation]) -> None:
    """Give the open episodes of what was re-keyed, or moved, to the subjects that go on, where these have none."""
    for key, item in list(seen.items()):
        episode, how = current.get(key), item.observation.seen
        if how not in _SAME or episode is None or not episode.is_open:
            continue
        same = (item.subject.kind, *_values(item.subject, how))
        for other, successor in seen.items():
            is_same = (successor.subject.kind, *_values(successor.subject, how)) == same
            taken = current.get(other)
            if other != key and is_same and successor.observation.seen not in _SAME and not (taken and taken.is_open):
                current[other] = replace(episode, subject=successor.subject)
                del current[key], seen[key]
                break


def _values(row: Mapping[str, Any] | Subject, how: Seen) -> tuple[Any, ...]:
    found = row if isinstance(row, Mapping) else vars(row)
    return tuple(found[name] for name in _SAME[how])
