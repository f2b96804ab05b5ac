"""What a person asks at a shell, over cycles that a watch run judged: explain, replay, status, episodes."""

import datetime as dt
import json
import os
import shlex
from pathlib import Path

import pytest
import yaml
from google.api_core.exceptions import BadRequest

from pedwatch.cli import main
from pedwatch.hooks.parameters import Typed
from tests.e2e.stand_ins import cycle_at
from tests.e2e.watched_world import World, workload
from tests.test_commands_as_typed import ASKING, ROOT, run


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


def the_view_tells_the_same_and_is_refused_without_a_cycle(watched: World) -> None:
    view = f"SELECT * FROM `{watched.config.dataset}.explain`"
    for number in (2, 3, 5):
        asked = {"api_id": "orders", "environment": Typed("STRING", None), "cycle": cycle_at(number)}
        condition = f"cycle = TIMESTAMP '{cycle_at(number)}' AND api_id = 'orders'"
        assert watched.query(f"{view} WHERE {condition}") == watched.warehouse.run("verdicts/explain.sql", asked)
    with pytest.raises(BadRequest, match=r"without a filter over column\(s\) 'cycle'"):
        watched.query(view)


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
    assert main(["explain", "--api", "sessions"]) == 0, "it has a limit, and nothing runs"
    told = capsys.readouterr().out
    assert "explanation  nothing to tell: the limit is in force, and no workload that it takes was seen" in told
    assert "prod.orders.sessions, cycle 2026-03-02 10:40 UTC" in told
    assert main(["explain", "--api", "order", "--at", at(2)]) == 3
    assert "order is the API of no limit" in (told := capsys.readouterr().err)
    assert "(did you mean orders?)" in told

    arguments = ["replay", "--from", at(1), "--to", at(6), "--set", "for_observations=4", "window_observations=4"]
    assert main([*arguments, "--set", "tolerance_count=2", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["cycles"], found["newest_cycle"]) == (5, "2026-03-02T10:40:00+00:00")
    assert found["in_force"]["detection_minutes"] == 5
    assert found["in_force"]["apis"] == {"orders/orders": {"messages": 2, "episodes": 1}}
    assert [policy["messages"] for policy in found["policies"]] == [0, 0]
    assert [policy["apis_that_differ"] for policy in found["policies"]] == [["orders/orders"]] * 2

    assert main(["replay", "--from", at(3), "--to", at(6)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 cycles observed, from 2026-03-02 10:30 to 2026-03-02 10:40 UTC"
    assert lines[3].split() == ["in", "force", "1", "0", "–"], "that it is over had been told before"
    assert "in force for everybody are tolerance_count=0, " in lines[-1]
    assert main(["replay", "--from", at(90), "--to", at(99)]) == 3
    assert "nothing observed from 2026-03-02 17:45 to 2026-03-02 18:30 UTC" in capsys.readouterr().err

    assert main(["status"]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[:2] == ["As of 2026-03-02 10:40 UTC, 0 min ago", "1 within limit"]
    the_view_tells_the_same_and_is_refused_without_a_cycle(watched)
    watched.at(cycle_at(5) + dt.timedelta(hours=1))
    assert main(["status", "--team", "ordres", "--format", "json"]) == 3, "what is true now is not known"
    answer = capsys.readouterr()
    assert answer.err == "nothing of ordres was judged (did you mean orders?)\n"
    late = json.loads(answer.out)
    assert (late["state"], late["missing_cycles"], late["subjects"]) == ("late", 11, [])
    assert main(["episodes", "--team", "orders"]) == 0
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split()[:3] == ["state", "severity", "subject"]
    assert (
        line.split()
        == (
            "resolved warning cluster/prod.orders.orders/eu-prod-1 orders 8 of 8 2026-03-02 10:20 2026-03-02 10:40 "
            "resolved sent –"
        ).split()
    )
    assert main(["episodes", "--state", "open"]) == 0
    assert capsys.readouterr().err == "none goes on, and none ended since 2026-02-23 10:40 UTC\n"
    assert main(["episodes", "--api", "orders", "--format", "json"]) == 0
    assert [row["end_reason"] for row in json.loads(capsys.readouterr().out)] == ["replicas_fell"]


def test_what_the_page_types_works_against_the_stand_ins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold other APIs than the page names: 3 is that nothing is known of one, or that nothing is judged yet."""
    monkeypatch.chdir(ROOT)
    variables = {name: value for name, value in os.environ.items() if name.startswith("PEDWATCH_")}
    first, *others = ASKING
    done = run(first, **variables)
    assert done.returncode in (0, 3) and "Traceback" not in done.stderr, done.stderr
    for command in others:  # in this process, since importing Google's clients is what takes long
        assert main(shlex.split(command)[1:]) in (0, 3), command


def test_whom_the_configuration_names_is_asked_of_what_was_seen(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = world.config.model_dump(mode="json")
    config["policy"]["teams"] = {"orders": {"apis": {"order": {"gross_count": 3}}}}
    path = tmp_path / "pedwatch.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    assert main(["config", "validate", str(path), "--online"]) == 0
    told = capsys.readouterr()
    assert f"{path}: valid; " in told.out
    unknown = "warning: policy.teams.orders.apis.order: "
    assert unknown in told.err and "did you mean orders?" in told.err.partition(unknown)[2]
    assert main(["config", "validate", str(path)]) == 0
    assert unknown not in capsys.readouterr().err, "nobody was asked"


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
    with pytest.raises(SystemExit):
        main(["explain", "--api", "orders", "--at", "2027-01-01T00:00Z"])
    assert "has not come yet: it is 2026-03-02T" in capsys.readouterr().err
    assert main(["explain", "--api", "orders"]) == 3
    told = capsys.readouterr().err
    assert "Nothing was judged yet" in told
    assert "no cycle was recorded in the hour before" in told and "orders had a limit then" in told
