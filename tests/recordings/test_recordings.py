"""What a real API server with its controllers said, and the verdict that follows: README.md says how it was recorded.

``PEDWATCH_RECORDINGS`` names another folder of the same form.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.recordings.scenes import SCENES, SPENT, Row, Shot, judge, read_shots, said_of
from tests.sql.conftest import warehouse_of

SHOTS = read_shots()


@pytest.fixture(scope="module")
def verdicts(bigquery_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Row]]:
    """What is said of all shots, each in its cycle."""
    with warehouse_of(bigquery_server, "recordings") as warehouse:
        yield judge(warehouse, SHOTS, tmp_path_factory.mktemp("recordings"))


def test_every_recorded_list_is_replayed() -> None:
    recorded = {path.parent.name for path in Path(SCENES).glob("*/*.json")}
    assert recorded == {shot.scene for shot in SHOTS if shot.apis}


@pytest.mark.parametrize(
    "shot", SHOTS, ids=lambda shot: f"{shot.scene}/{shot.name}{', ' + SPENT if shot.is_spent else ''}"
)
def test_the_verdict_is_what_follows_from_what_ran(shot: Shot, verdicts: list[Row]) -> None:
    assert said_of(shot, verdicts) == shot.verdict, shot.why
