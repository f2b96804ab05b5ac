"""What is wrong with a configuration file is a sentence that names it, whatever its bytes are."""

from pathlib import Path

import pytest

from pedwatch import settings
from pedwatch.errors import ConfigurationError


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"project: \xff\n", ":1: is not UTF-8 text: is this a YAML file? Save it as UTF-8"),
        ("a: 1\n# see\u2028slack: {}\n".encode(), ":2: holds U+2028, which ends no line in YAML 1.2"),
        (b"project: [\n", "is not valid YAML"),
        (b"- 1\n", ":1: must be a block of keys such as bucket: ped-evidence"),
        (b"# nothing\n", "holds nothing: docs/configuration.md says what it is to hold"),
        (b"a: 1\n---\nb: 2\n", ":3: a second document begins here"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes, told: str
) -> None:
    path = tmp_path / "pedwatch.yaml"
    path.write_bytes(raw)
    monkeypatch.setenv("PEDWATCH_CONFIG", str(path))
    with pytest.raises(ConfigurationError) as caught:
        settings.load_config()
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


def written(minutes: object, clusters: int = 1, discovery: str = "") -> str:
    names = "".join(f"  - {{name: c-{number}, environment: prod}}\n" for number in range(clusters))
    return (
        "project: p\nbucket: b-b\nfirestore: {project: p}\ncollector: {image: 'c:1'}\n"
        f"slack: {{platform_channel: C0PLATFORM}}\ncycle_minutes: {minutes}\nclusters:\n{names}{discovery}"
    )


@pytest.mark.parametrize("minutes", [1, 5, 10, 15, 30, 60])
def test_a_cycle_is_as_long_as_the_configuration_says(minutes: int) -> None:
    config = settings.parse_config(written(minutes, 20), {})
    assert config.period.total_seconds() == 60 * minutes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (written(7), "pedwatch.yaml:6: cycle_minutes: must be 1, 5, 10, 15, 30 or 60, not 7"),
        (written("'5 min'"), "cycle_minutes: must be 1, 5, 10, 15, 30 or 60, not '5 min'"),
        (
            written(1, 34),
            "cycle_minutes: 1 is for up to 20 clusters, and there are 34: 10 pods a minute are 14,400 a day, each "
            "lists 4 clusters in the 24 s that a collection is open, and 10 worker slots are taken for 24 s of every "
            "60 by collectors alone: watch fewer clusters, or write cycle_minutes: 5",
        ),
        (written(1, 1, "discovery: {projects: [p]}\n"), "how many discovery.projects will find is not known"),
    ],
    ids=["no such length", "no number", "too many clusters", "nobody knows how many"],
)
def test_cycles_that_cannot_be_so_long_are_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings.parse_config(text, {})
    assert told in str(caught.value)
