"""What the judge takes for a breach that has to be told, by hand."""

import datetime as dt

import pytest

from soak.judge.breaches import Breaches

FIRST = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
MEANS = {
    "o": ("over_limit", "over_ceiling", 11),
    "g": ("over_limit", "over_ceiling", 20),
    ".": ("within_limit", "within_ceiling", 5),
    "?": ("unknown", "cluster_failed", None),
    "x": ("within_limit", "workload_gone", 0),
}


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ("oo..", [(1, 3)]),
        ("o...", [(None, 3)]),
        ("o.o..", [(2, 4)]),
        ("o?o..", [(2, 4)]),
        ("g..", [(0, 2)]),
        ("oo.", [(1, None)]),
        ("oo???", [(1, None)]),
        ("oox", [(1, 2)]),
        ("ox", [(None, 1)]),
        ("oo..oo..", [(1, 3), (5, 7)]),
        ("....", []),
        # Over and under again more than four times in two hours: quiet until six in a row.
        ("oo" + ".o" * 8 + "......", [(1, 23)]),
    ],
)
def test_over_for_long_is_a_breach(seen: str, told: list[tuple[int | None, int | None]]) -> None:
    breaches, cycles = Breaches(), [FIRST + number * dt.timedelta(minutes=5) for number in range(len(seen))]
    for cycle, letter in zip(cycles, seen, strict=True):
        verdict, reason, measured = MEANS[letter]
        row = {"subject": "s", "api_id": "a", "team_id": "t", "verdict": verdict, "reason": reason}
        breaches.take(cycle, [row | {"measured": measured, "running": measured, "max_replicas": 10}])
    found = [tuple(cycles.index(at) if at else None for at in (b.fired, b.ended)) for b in breaches.all()]
    assert found == told
