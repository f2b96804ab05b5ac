"""``explain`` and ``replay`` as a person types them, over cycles that a watch run judged."""

import json

import pytest
from google.api_core.exceptions import BadRequest

from pedwatch.cli import main
from pedwatch.hooks.parameters import Typed
from tests.e2e.stand_ins import cycle_at
from tests.e2e.watched_world import World, workload


@pytest.fixture
def watched(world: World) -> World:
    """Orders goes over in the first cycle, fires in the second, is unchanged in the third, and comes back."""
    world.warehouse.write("ddl/views/explain.sql")
    for number, replicas in enumerate((10, 10, 10, 8, 8), 1):
        world.holds("eu-prod-1", workload("orders", replicas))
        world.run(number).go()
    return world


def at(number: int) -> str:
    return cycle_at(number).isoformat()


def explained(number: int, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["explain", "--api", "orders", "--at", at(number)]) == 0
    return capsys.readouterr().out


def test_each_cycle_says_why_there_was_a_message_or_none(watched: World, capsys: pytest.CaptureFixture[str]) -> None:
    first = explained(1, capsys)
    assert "explanation  not yet told: it does not fire at the first over" in first
    assert "verdict      over_limit (over_ceiling): 10 pods by the Deployment" in first
    assert "limit        prod.orders.orders version 1: 8 pods, granted by" in first
    assert "eu-prod-1 / shop / deployment orders: asked for 10, running 10" in first
    assert "explanation  told: first" in explained(2, capsys)
    assert "explanation  told before (first), and nothing has changed since" in explained(3, capsys)
    assert "explanation  told: resolved" in explained(5, capsys)

    assert main(["explain", "--api", "orders", "--at", at(2), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [verdict["told_status"] for verdict in found["verdicts"]] == ["sent"]
    assert main(["explain", "--api", "nobody", "--at", at(2)]) == 3
    assert "nobody has no verdict in the cycle" in capsys.readouterr().err

    arguments = ["replay", "--from", at(1), "--to", at(6), "--set", "for_observations=4", "window_observations=4"]
    assert main([*arguments, "--set", "tolerance_count=2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["in", "force", "2", "1", "5", "min"]
    assert lines[-2] == "for_observations=4, window_observations=4: 2 → 0 messages, 1 → 0 episodes"
    assert lines[-1] == "tolerance_count=2: 2 → 0 messages, 1 → 0 episodes"


def test_wrong_words_are_explained(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--from", at(2), "--to", at(1)]) == 1
    assert "--to is not later than --from" in capsys.readouterr().err
    assert main(["replay", "--from", at(1), "--to", at(2), "--set", "for_observation=3"]) == 1
    assert "for_observation" in capsys.readouterr().err
    assert main(["replay", "--from", at(1), "--to", at(2), "--set", "for_observations"]) == 1
    assert "write it as SETTING=VALUE" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["explain", "--api", "orders", "--at", "2026-03-02T10:05"])
    assert "has no offset" in capsys.readouterr().err


def test_the_view_tells_the_same_and_is_refused_without_a_cycle(watched: World) -> None:
    view = f"SELECT * FROM `{watched.config.dataset}.explain`"
    for number in (2, 3, 5):
        asked = {"api_id": "orders", "environment": Typed("STRING", None), "cycle": cycle_at(number)}
        condition = f"cycle = TIMESTAMP '{cycle_at(number)}' AND api_id = 'orders'"
        assert watched.query(f"{view} WHERE {condition}") == watched.warehouse.run("verdicts/explain.sql", asked)
    with pytest.raises(BadRequest, match=r"without a filter over column\(s\) 'cycle'"):
        watched.query(view)
