"""One short soak for all tests here: three clusters, an hour of trouble, and a seed in which breaches begin and end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from soak.calendar import Calendar
from soak.soaking import Soaked, soak
from soak.trouble import Rates, Trouble
from soak.world import Size, World
from tests.contracts.session import recorded

SEED = 5
SIZE = Size(clusters=3, workloads=24, teams=3, cycles=9, breaches=0.5)
CALENDAR = Calendar(gap=5, gap_hours=1, retire=7)
#: Nothing that costs its wait on the wall, and more of all else than in a day.
RATES = Rates(wire=0.2, telling=0.7, clock=0.03, double=0.06, disk=0.03, firestore=0.2)


@pytest.fixture(scope="session")
def short_soak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Soaked, Path]]:
    """The soak, and the folder that it left."""
    folder = tmp_path_factory.mktemp("soak") / "short"
    world = World(SEED, SIZE, CALENDAR)
    with recorded():
        found = soak(world, Trouble(SEED, RATES), folder, print, quiet_cycles=3, keeps_rows=True)
    yield found, folder
