"""A story holds what it needs to be played again, and a smaller world lives as the large one did."""

import dataclasses
from pathlib import Path

import pytest

from soak.calendar import Calendar
from soak.inhabitants import Size
from soak.judge.evidence import Finding
from soak.scheduler import Mishap
from soak.story import Story, tell
from soak.trouble import Trouble
from soak.world import World

SIZE = Size(clusters=6, workloads=60, teams=4, cycles=40)
WORLD = World(11, SIZE, Calendar.of(40))


def test_a_seed_is_a_world() -> None:
    assert World(11, SIZE, Calendar.of(40)).apis == WORLD.apis != World(12, SIZE, Calendar.of(40)).apis


@pytest.mark.parametrize("number", [0, 7, 21, 39])
def test_a_smaller_world_lives_as_the_large_one(number: int) -> None:
    some = WORLD.apis[3].api_id
    smaller = dataclasses.replace(WORLD, only=frozenset({some}))
    for cluster, workloads in smaller.state(number).items():
        of_api = [w for w in WORLD.state(number)[cluster] if w in workloads]
        assert of_api == workloads
    assert smaller.acts(number) == [act for act in WORLD.acts(number) if act.limit.api_id == some]


def test_a_story_is_written_and_read(tmp_path: Path) -> None:
    befell = Mishap([{"call": 3, "kind": "kill", "at": "after", "share": 0.5}])
    line = {
        "kind": "mishap",
        "cycle": WORLD.calendar.moment(29).isoformat(),
        "task": "ped_replica_watch.notify",
        "index": -1,
        "attempt": 1,
        "mishap": dataclasses.asdict(befell),
    }
    early = line | {"cycle": WORLD.calendar.moment(2).isoformat()}
    found = [Finding("lost", "subject", "never told", 30, "svc-004"), Finding("growth", "all", "grows")]
    story = tell(found, WORLD, Trouble(11), [early, line])
    assert (story.first, story.last) == (18, 33)
    assert story.trouble.told == {"29|ped_replica_watch|notify|-1|1": befell}
    assert "svc-004" in (story.world.only or ())
    path = tmp_path / "story.yaml"
    path.write_text(story.to_yaml())
    assert Story.read(path) == story


def test_what_is_no_story_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "story.yaml"
    path.write_text("title: nothing\n")
    with pytest.raises(ValueError, match=r"story\.yaml is no story of a soak"):
        Story.read(path)


def test_the_same_befalls_the_same_try() -> None:
    assert Trouble(3).dark(12, ["a", "b"]) == Trouble(3).dark(12, ["a", "b"])
    assert any(Trouble(3).dark(number, ["a", "b"]) for number in range(20))
    assert not all(Trouble(3).dark(number, ["a", "b"]) for number in range(20))
