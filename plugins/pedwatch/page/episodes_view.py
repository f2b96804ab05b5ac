"""The page Episodes: problems that go on or ended lately, searched and narrowed. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pedwatch.page.addresses import address

Row = Mapping[str, Any]

SPANS = (7, 30, 90)
"""Days that one may look back."""
STATES = ("firing", "pending", "recovering", "resolved")


@dataclass(frozen=True)
class EpisodeWish:
    """What somebody wants to see: the parameters of the address."""

    q: str = ""
    state: str = ""
    kind: str = ""
    team: str = ""
    days: int = 30
    page: int = 1

    def address(self, path: str = "episodes", **changed: Any) -> str:
        """Return the relative address of this wish with some of it changed."""
        return address(path, self, **changed)


def values_of(rows: Iterable[Row], column: str) -> list[str]:
    """Return what there is of a column, sorted."""
    return sorted({row[column] for row in rows if row[column]})


def chosen(rows: Sequence[Row], wish: EpisodeWish) -> list[Row]:
    """Return what is wished, in the order it came: open ones first."""
    words = wish.q.casefold().split()
    wanted = {"state": wish.state, "kind": wish.kind, "team_id": wish.team}
    return [
        row
        for row in rows
        if all(row[column] == value for column, value in wanted.items() if value)
        and all(
            any(word in (row[name] or "").casefold() for name in ("subject", "api_id", "team_id")) for word in words
        )
    ]
