"""How a demo ends: 0 only where every expectation holds."""

import pytest

from sandbox.demo.performance import Result
from sandbox.scenario.left_behind import Outcome
from sandbox.scenario.loading import DEFAULT, load

HELD, MISSED = Outcome("true", True, ""), Outcome("false", False, "seen otherwise")


@pytest.mark.parametrize(("outcomes", "status"), [([HELD, HELD], 0), ([HELD, MISSED], 1)])
def test_the_exit_status_says_whether_all_expectations_hold(outcomes: list[Outcome], status: int) -> None:
    assert Result(load(DEFAULT), outcomes=outcomes).exit_status == status
