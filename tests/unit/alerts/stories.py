"""Short stories of one subject, told as a string per cycle, for tests of the fold.

``O`` over the limit, ``G`` gross (twice the limit), ``.`` clean, ``?`` not seen, ``E`` exempt, ``X`` workload gone,
``S`` the limit counts another scope now, ``M`` its cluster is in another environment now, ``K`` its pods are another
kind's now, ``R`` its limit has another key, ``-`` nothing is said of it.
"""

import datetime as dt

from pedwatch.alerts.episodes import Episode, Evidence, Subject
from pedwatch.alerts.observed import Observation, Seen, SubjectObservation
from pedwatch.cycles import PERIOD

START = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
ORDERS = Subject(
    fingerprint="f1",
    name="cluster/prod.team-orders.orders/eu-prod-1",
    scope="cluster",
    environment="prod",
    cluster="eu-prod-1",
    namespace="shop",
    workload_kind="Deployment",
    workload_name="orders",
    api_id="orders",
    team_id="team-orders",
    limit_id="prod.team-orders.orders",
)
LIMIT = 10
_SEEN: dict[str, tuple[Seen, int | None]] = {
    "O": ("over", 12),
    "G": ("over", 20),
    ".": ("clean", 8),
    "?": ("unseen", None),
    "E": ("exempt", 12),
    "X": ("gone", 0),
    "S": ("rescoped", None),
    "M": ("elsewhere", None),
    "K": ("moved", None),
    "R": ("rekeyed", None),
}


def cycle_at(number: int) -> dt.datetime:
    """The cycle with this number, from 1."""
    return START + number * PERIOD


def observations(story: str, subject: Subject = ORDERS, ceiling: int = LIMIT) -> list[SubjectObservation]:
    """The observations a story tells, one a cycle."""
    told = []
    for number, letter in enumerate(story.replace(" ", ""), 1):
        if letter == "-":
            continue
        seen, measured = _SEEN[letter]
        evidence = Evidence(LIMIT, 1, measured, 30)
        told.append(
            SubjectObservation(
                subject,
                Observation(cycle_at(number), seen, measured, LIMIT, ceiling, 1, "deployment", now=evidence),
            )
        )
    return told


def last(episodes: list[Episode]) -> Episode:
    """The episode that began last."""
    return max(episodes, key=lambda episode: episode.started_cycle)
