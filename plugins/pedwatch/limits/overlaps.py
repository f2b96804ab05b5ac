"""Finds limits that can match one workload, and says which of them would judge it.

The rule is that of ``include/sql/verdicts/_chosen_matches.sql``: a workload is judged by one limit, the one with
more selectors set. Where two have equally many, the lower ceiling would decide: nobody meant that, so it is not
published.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pedwatch.limits.document import PedLimit, Selectors
from pedwatch.limits.globs import meet

_PARTS = ("cluster", "namespace", "kind", "name")
_WILDCARDS = frozenset("*?")


@dataclass(frozen=True)
class Placed:
    """A limit and where it stands: ``file:line``, or Firestore."""

    limit: PedLimit
    place: str


@dataclass(frozen=True)
class Overlap:
    """Two limits that can match one workload."""

    one: Placed
    other: Placed

    @property
    def is_decided(self) -> bool:
        """Whether one of them is more specific."""
        return self.one.limit.selectors.count != self.other.limit.selectors.count

    def note(self) -> str:
        """Say which one wins."""
        loser, winner = sorted((self.one, self.other), key=lambda placed: placed.limit.selectors.count)
        return (
            f"where both match, {winner.limit.limit_id} ({winner.place}) judges and {loser.limit.limit_id} "
            f"({loser.place}) does not: it is more specific ({_set_by(winner)}, against {_set_by(loser)})"
        )

    def complaint(self) -> str:
        """Say why the first one cannot stand beside the other, and what to do."""
        other = f"{self.other.limit.limit_id} ({self.other.place})"
        if self.one.limit.selectors == self.other.limit.selectors:
            how = f"has the same selectors as {other}: {_set_by(self.one)}"
        else:
            how = f"can match the same workload as {other}, and neither is more specific: {_set_by(self.one)}, "
            how += f"against {_set_by(self.other)}"
        if self.one.limit.scope != self.other.limit.scope:
            how += "; a different scope does not tell them apart"
        return (
            f"{self.one.limit.limit_id} {how}. A workload is judged by one limit: narrow one of them by a further "
            f"selector, give both globs that exclude each other, or keep only one"
        )


def _set_by(placed: Placed) -> str:
    selectors = placed.limit.selectors
    parts = [f"{part} {glob}" for part in _PARTS if (glob := getattr(selectors, part)) is not None]
    parts += [f"label {key}={glob}" for key, glob in sorted(selectors.labels.items())]
    return " and ".join(parts) or "no selector"


def takes_unlabelled(selectors: Selectors) -> bool:
    """Tell whether workloads without the labels of an API can match."""
    return selectors.namespace is not None or selectors.name is not None


def can_match_one_workload(one: PedLimit, other: PedLimit) -> bool:
    """Tell whether there can be a workload that both limits match."""
    if one.environment != other.environment:
        return False
    ours, theirs = one.selectors, other.selectors
    if _identity(one) != _identity(other) and not (takes_unlabelled(ours) and takes_unlabelled(theirs)):
        return False
    globs = [(getattr(ours, part), getattr(theirs, part)) for part in _PARTS]
    globs += [(ours.labels[key], theirs.labels[key]) for key in ours.labels.keys() & theirs.labels.keys()]
    return all(a is None or b is None or a == b or meet(a, b) for a, b in globs)


def _identity(limit: PedLimit) -> tuple[str, str, str]:
    return limit.environment, limit.team_id, limit.api_id


def overlaps_within(limits: Sequence[Placed]) -> Iterator[Overlap]:
    """Find the overlaps of a batch with itself; of each pair the later one comes first."""
    seen = _Index()
    for placed in limits:
        yield from seen.overlaps_with(placed)
        seen.add(placed)


def overlaps_between(limits: Iterable[Placed], stored: Iterable[Placed]) -> Iterator[Overlap]:
    """Find the overlaps of some limits with others."""
    index = _Index()
    for placed in stored:
        index.add(placed)
    for placed in limits:
        yield from index.overlaps_with(placed)


class _Index:
    """Limits by what can make them meet, so that not every pair of thousands is compared."""

    def __init__(self) -> None:
        self._by_identity: dict[tuple[str, str, str], list[Placed]] = defaultdict(list)
        self._by_namespace: dict[tuple[str, str | None], list[Placed]] = defaultdict(list)
        self._takers: dict[str, list[Placed]] = defaultdict(list)

    def add(self, placed: Placed) -> None:
        limit = placed.limit
        self._by_identity[_identity(limit)].append(placed)
        if takes_unlabelled(limit.selectors):
            self._takers[limit.environment].append(placed)
            self._by_namespace[limit.environment, _literal(limit.selectors.namespace)].append(placed)

    def overlaps_with(self, placed: Placed) -> Iterator[Overlap]:
        for other in self._near(placed.limit):
            if can_match_one_workload(placed.limit, other.limit):
                yield Overlap(placed, other)

    def _near(self, limit: PedLimit) -> Iterator[Placed]:
        yield from self._by_identity[_identity(limit)]
        if takes_unlabelled(limit.selectors):
            namespace = _literal(limit.selectors.namespace)
            if namespace is None:
                takers = self._takers[limit.environment]
            else:
                takers = [
                    *self._by_namespace[limit.environment, namespace],
                    *self._by_namespace[limit.environment, None],
                ]
            yield from (other for other in takers if _identity(other.limit) != _identity(limit))


def _literal(glob: str | None) -> str | None:
    """Return a glob that stands for one text only; None for others, and where there is none."""
    return None if glob is None or _WILDCARDS & set(glob) else glob
