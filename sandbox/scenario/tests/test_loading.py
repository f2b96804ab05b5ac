"""Every error names file, line, field and what is wrong."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.scenario.loading import SHIPPED, ScenarioError, load, parse
from sandbox.scenario.tests.minimal import DOCUMENT, minimal, text

API = "eu-1/shop/api"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_scenarios_are_valid(path: Path) -> None:
    assert load(path).cycles >= 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"start": "2026-03-02T10:03:00Z"}, ["start:", "mark of cycle_minutes, 5"], id="start off the grid"
        ),
        pytest.param({"cycle_minutes": 7}, ["cycle_minutes:", "1, 5, 10"], id="no length of a cycle"),
        pytest.param(
            {"cycle_minutes": 60, "start": "2026-03-02T10:30:00Z"},
            ["start:", "mark of cycle_minutes, 60"],
            id="start off an hour",
        ),
        pytest.param(
            {
                "cycle_minutes": 1,
                "clusters": [{"name": f"eu-{number}", "environment": "prod"} for number in range(1, 22)],
            },
            ["cycle_minutes:", "up to 20 clusters"],
            id="too many clusters for a minute",
        ),
        pytest.param({"start": "2026-03-02T10:00:00"}, ["start:", "timezone"], id="start without offset"),
        pytest.param({"cycels": 3}, ["cycels:", "unknown field"], id="misspelt field"),
        pytest.param({"clusters": []}, ["clusters:"], id="no cluster"),
        pytest.param(
            {"clusters": [{"name": "composer", "environment": "prod"}]},
            ["clusters.0.name:", "another name"],
            id="the pod cluster's name",
        ),
        pytest.param(
            {"timeline": [{"cycle": 2, "scale": {"workload": "eu-1/shop/apy", "replicas": 1}}]},
            ["timeline.0:", "no workload eu-1/shop/apy", API],
            id="unknown workload",
        ),
        pytest.param(
            {"timeline": [{"cycle": 2, "scale": {"workload": "api", "replicas": 1}}]},
            ["timeline.0.scale.workload:", "cluster/namespace/name"],
            id="short reference",
        ),
        pytest.param({"timeline": [{"cycle": 2}]}, ["timeline.0:", "no event", "rollout"], id="no event"),
        pytest.param(
            {"timeline": [{"cycle": 2, "recover": {"cluster": "eu-1"}, "repeat_cycle": 1}]},
            ["timeline.0:", "2 events (recover, repeat_cycle)"],
            id="two events",
        ),
        pytest.param(
            {"timeline": [{"cycle": 9, "repeat_cycle": 1}]}, ["timeline.0.cycle:", "last cycle, 4"], id="late event"
        ),
        pytest.param(
            {"timeline": [{"cycle": 2, "outage": {"cluster": "eu-1", "kind": "gremlins"}}]},
            ["timeline.0.outage:", "no fault 'gremlins'", "unreachable"],
            id="unknown fault",
        ),
        pytest.param(
            {"timeline": [{"cycle": 2, "outage": {"cluster": "eu-2"}}]},
            ["no cluster 'eu-2'", "eu-1"],
            id="unknown cluster",
        ),
        pytest.param(
            {"timeline": [{"cycle": 2, "recover": {"cluster": "eu-1"}}]},
            ["timeline.0:", "no outage"],
            id="nothing to recover",
        ),
        pytest.param(
            {"timeline": [{"cycle": 2, "scale": {"workload": API}}]},
            ["timeline.0.scale:", "changes nothing"],
            id="empty scale",
        ),
        pytest.param(
            {"timeline": [{"cycle": 2, "change_limit": {"limit_id": "prod.orders.nope", "set": {"max_replicas": 1}}}]},
            ["timeline.0.change_limit:", "no limit 'prod.orders.nope'", "prod.orders.api"],
            id="unknown limit",
        ),
        pytest.param(
            {
                "timeline": [
                    {"cycle": 2, "change_limit": {"limit_id": "prod.orders.api", "set": {"max_replicas": "ten"}}}
                ]
            },
            ["timeline.0.change_limit", "max_replicas", "whole number"],
            id="limit the publisher would refuse",
        ),
        pytest.param(
            {"limits": [{**DOCUMENT["limits"][0], "scop": "total"}]},
            ["limits.0.scop:", "did you mean scope"],
            id="limit typo",
        ),
        pytest.param({"limits": DOCUMENT["limits"] * 2}, ["limits:", "listed twice"], id="limit twice"),
        pytest.param(
            {"expect": {"verdicts": [{"cycles": "2-9", "api": "api", "verdict": "over_limit"}]}},
            ["expect.verdicts.0:", "cycle 9", "last one, 4"],
            id="expectation too late",
        ),
        pytest.param(
            {"expect": {"verdicts": [{"cycles": 2, "api": "api", "verdict": "fine"}]}},
            ["expect.verdicts.0.verdict:", "within_limit"],
            id="unknown verdict",
        ),
        pytest.param(
            {"expect": {"verdicts": [{"cycles": "soon", "api": "api", "verdict": "unknown"}]}},
            ["expect.verdicts.0.cycles:", "a range (4-6)"],
            id="cycles in words",
        ),
        pytest.param(
            {"expect": {"verdicts": [{"cycles": 2, "verdict": "unknown"}]}}, ["names no subject"], id="no subject"
        ),
        pytest.param(
            {"expect": {"messages": [{"channel": "nowhere"}]}},
            ["expect.messages.0:", "no channel 'nowhere'"],
            id="channel",
        ),
        pytest.param({"backfill": {"cycles": [1, 3]}}, ["backfill:", "gaps"], id="backfill with gaps"),
        pytest.param(
            {"teams": [{**DOCUMENT["teams"][0], "mode": "canary"}]},
            ["teams.0.mode:", "canary_channel"],
            id="canary nowhere",
        ),
    ],
)
def test_errors_name_the_field(changes: dict[str, Any], expected: list[str]) -> None:
    with pytest.raises(ScenarioError) as raised:
        minimal(**changes)
    for words in ["minimal.yaml:", *expected]:
        assert words in str(raised.value)


def test_errors_name_the_line() -> None:
    written = text(timeline=[{"cycle": 2, "repeat_cycle": 1}, {"cycle": 3, "repeat_cicle": 1}])
    line = next(number for number, line in enumerate(written.splitlines(), 1) if "repeat_cicle" in line)
    with pytest.raises(ScenarioError, match=rf"^file\.yaml:{line}: timeline\.1\.repeat_cicle: "):
        parse(written, "file.yaml")


def test_every_error_is_named_at_once() -> None:
    with pytest.raises(ScenarioError) as raised:
        minimal(cycles=0, start="soon", nonsense=1)
    assert len(str(raised.value).splitlines()) == 3


def test_what_is_no_yaml_says_where() -> None:
    with pytest.raises(ScenarioError, match=r"file\.yaml:2: not valid YAML"):
        parse("name: x\n - y: [", "file.yaml")


def test_a_missing_file_names_the_shipped_ones(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"No such file.*shop\.yaml"):
        load(tmp_path / "none.yaml")


def test_a_list_is_no_scenario() -> None:
    with pytest.raises(ScenarioError, match="no mapping"):
        parse("- a", "file.yaml")
