"""The stand-ins, and one small shop with evidence for all that is asked of it."""

from collections.abc import Iterator

import pytest

from tests.e2e.fixtures import stand_ins
from tests.e2e.stand_ins import StandIns
from tests.evidence.hourly_shop import HourlyShop

__all__ = ["shop", "stand_ins"]


@pytest.fixture(scope="package")
def shop(stand_ins: StandIns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HourlyShop]:
    """Two days of hourly cycles, collected, judged, told and audited. Who changes it puts it back."""
    with pytest.MonkeyPatch.context() as patch:
        found = HourlyShop(stand_ins, tmp_path_factory.mktemp("hourly-shop"), patch)
        yield found
        found.world.drop()
