"""A new channel is welcomed before its first message, and by doctor on request; never twice."""

import pytest

from pedwatch.cli import main
from tests.e2e.watched_world import World, workload


@pytest.fixture
def unknown(world: World) -> World:
    """A world in whose team's channel nothing was said yet."""
    world.warehouse.client.query(f"DELETE FROM `{world.config.dataset}.notifications` WHERE TRUE").result()
    return world


def test_the_first_message_is_a_welcome_and_comes_once(unknown: World) -> None:
    for number, replicas in enumerate((20, 20, 5, 5, 20, 20), 1):
        unknown.holds("eu-prod-1", workload("orders", replicas))
        unknown.run(number).go()
    welcome, *others = unknown.texts("C0ORDERS")
    assert welcome.startswith("Welcome, and a test: here pedwatch tells team orders")
    assert len(others) >= 3 and not any("Welcome" in text for text in others)
    assert unknown.texts("C0PLATFORM") == []


def test_doctor_sends_it_on_request_and_it_is_not_sent_again(
    unknown: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--only", "slack", "--welcome", "nobody"]) == 2
    assert "--welcome nobody: slack.teams in pedwatch.yaml has no such team" in capsys.readouterr().err
    main(["doctor", "--only", "slack", "--welcome", "orders"])
    assert "welcome in C0ORDERS (orders)" in capsys.readouterr().out
    unknown.holds("eu-prod-1", workload("orders", 20))
    unknown.run(1).go()
    first, second = unknown.texts("C0ORDERS")
    assert (first.split(":")[0], "Over limit" in second) == ("Welcome, and a test", True)
