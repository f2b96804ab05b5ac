"""The page Now: every subject of a cycle, searched, filtered, sorted and cut into pages. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pedwatch.page.addresses import address

Row = Mapping[str, Any]

ROWS_A_PAGE = 100
NEAR = 0.9
"""From this share of its ceiling on a subject within its limit is near it, as alerts/digest.sql has it."""
VERDICTS = "over_limit unknown in_grace exempt invalid_limit no_limit unlabelled within_limit".split()
"""In the order of who should be looked at first."""
_RANK = {verdict: number for number, verdict in enumerate(VERDICTS)}
WORDS = {
    "over_limit": "over limit",
    "unknown": "not seen",
    "in_grace": "in grace",
    "exempt": "exempt",
    "invalid_limit": "invalid limit",
    "no_limit": "no limit",
    "unlabelled": "unlabelled",
    "within_limit": "within limit",
}


@dataclass(frozen=True)
class Subject:
    """A row of the table.

    Attributes:
        row: of ``page/now.sql``.
        over: pods above the ceiling; None where that is not known, or nothing is granted.
        use: share of the ceiling that is used; None where one of the two is not known.
    """

    row: Row
    over: int | None
    use: float | None

    @property
    def is_near(self) -> bool:
        """Whether it is within its limit, but not by much."""
        return self.row["verdict"] == "within_limit" and self.use is not None and self.use >= NEAR

    @property
    def words(self) -> str:
        """The verdict as people say it."""
        return WORDS.get(self.row["verdict"], str(self.row["verdict"]))

    @property
    def bar(self) -> int:
        """Width of the bar, in per cent: 100 is the ceiling, and what is over ends at 150."""
        return round(min(self.use or 0.0, 1.5) * 100)


def subject_of(row: Row) -> Subject:
    """Work out how far a subject is over, and how much of its grant it uses."""
    measured, ceiling = row["measured"], row["ceiling"] if row["ceiling"] is not None else row["max_replicas"]
    if measured is None or ceiling is None:
        return Subject(row, None, None)
    return Subject(row, measured - ceiling, measured / ceiling if ceiling else (2.0 if measured else 0.0))


@dataclass(frozen=True)
class Wish:
    """What of it somebody wants to see: the parameters of the address. What is empty narrows nothing."""

    q: str = ""
    verdict: str = ""
    environment: str = ""
    team: str = ""
    cluster: str = ""
    near: bool = False
    sort: str = "over"
    page: int = 1

    def address(self, path: str = "now", **changed: Any) -> str:
        """Return the relative address of this wish with some of it changed."""
        return address(path, self, **changed)


def _worst(subject: Subject) -> tuple[Any, ...]:
    is_over = subject.row["verdict"] == "over_limit"
    return (
        _RANK.get(subject.row["verdict"], -1),  # a verdict that this build does not know is looked at first
        -(subject.over or 0) if is_over else 0,
        -(subject.use or 0),
        subject.row["subject"],
    )


def _since(subject: Subject) -> tuple[Any, ...]:
    started = subject.row["started_cycle"]
    return (started is None, started.timestamp() if started else 0, subject.row["subject"])


SORTS: dict[str, tuple[str, Callable[[Subject], tuple[Any, ...]]]] = {
    "over": ("how far over", _worst),
    "use": ("use of the limit", lambda s: (s.use is None, -(s.use or 0), s.row["subject"])),
    "running": ("most pods", lambda s: (s.row["measured"] is None, -(s.row["measured"] or 0), s.row["subject"])),
    "since": ("longest open", _since),
    "api": ("API", lambda s: (s.row["api_id"] or "~", s.row["environment"], s.row["subject"])),
    "team": ("team", lambda s: (s.row["team_id"] or "~", s.row["api_id"] or "~", s.row["subject"])),
}


@dataclass(frozen=True)
class Fleet:
    """All subjects of a cycle, worked out once for everybody who asks within a minute.

    Attributes:
        subjects: the worst first.
        counts: by verdict; those that there are, in the order of VERDICTS.
        near: how many are near their limit.
        environments: the values that there are, of each filter.
        teams: also.
        clusters: also.
    """

    subjects: tuple[Subject, ...]
    counts: Mapping[str, int]
    near: int
    environments: tuple[str, ...]
    teams: tuple[str, ...]
    clusters: tuple[str, ...]


def fleet_of(rows: Iterable[Row]) -> Fleet:
    """Read the rows of ``page/now.sql``."""
    subjects = sorted((subject_of(row) for row in rows), key=_worst)
    counts: dict[str, int] = {}
    for subject in subjects:
        counts[subject.row["verdict"]] = counts.get(subject.row["verdict"], 0) + 1

    def values(name: str) -> tuple[str, ...]:
        return tuple(sorted({subject.row[name] for subject in subjects if subject.row[name]}))

    near = sum(subject.is_near for subject in subjects)
    return Fleet(tuple(subjects), counts, near, values("environment"), values("team_id"), values("cluster"))


def chosen(fleet: Fleet, wish: Wish) -> Sequence[Subject]:
    """Return all that is wished, sorted."""
    found: Sequence[Subject] = fleet.subjects
    for column, value in (
        ("verdict", wish.verdict),
        ("environment", wish.environment),
        ("team_id", wish.team),
        ("cluster", wish.cluster),
    ):
        if value:
            found = [subject for subject in found if subject.row[column] == value]
    if wish.near:
        found = [subject for subject in found if subject.is_near]
    for word in wish.q.casefold().split():
        found = [subject for subject in found if _says(subject.row, word)]
    if wish.sort != "over" and wish.sort in SORTS:
        found = sorted(found, key=SORTS[wish.sort][1])
    return found


def _says(row: Row, word: str) -> bool:
    return any(word in row[name].casefold() for name in ("subject", "api_id", "team_id") if row[name])


@dataclass(frozen=True)
class Slice:
    """A page of what was chosen; numbers from 1."""

    rows: Sequence[Any]
    total: int
    number: int
    pages: int

    @property
    def first(self) -> int:
        """Number of its first row."""
        return (self.number - 1) * ROWS_A_PAGE + 1 if self.total else 0

    @property
    def last(self) -> int:
        """Number of its last row."""
        return min(self.number * ROWS_A_PAGE, self.total)


def page_of(rows: Sequence[Any], number: int) -> Slice:
    """Cut out a page; a number beyond the last is the last, one below the first is the first."""
    pages = max(1, -(-len(rows) // ROWS_A_PAGE))
    number = min(max(1, number), pages)
    return Slice(rows[(number - 1) * ROWS_A_PAGE : number * ROWS_A_PAGE], len(rows), number, pages)
