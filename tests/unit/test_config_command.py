"""``config validate`` and ``config show``: what the DAGs would be parsed with, and where each value comes from."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pedwatch import settings
from pedwatch.cli import main
from pedwatch.config.doubts import KnownNames, doubts, unknown_names
from pedwatch.written.problems import field_path

FILE = """\
project: ${PEDWATCH_PROJECT}
bucket: "${PEDWATCH_BUCKET:-ped-evidence}"
firestore: {project: shop}
collector: {image: "collector:1.2.0"}
clusters: [{name: eu, environment: prod, auth: kubeconfig}]
retired_clusters: [old]
policy:
  teams:
    orders: {grace_minutes: 5, apis: {checkout: {tolerance_count: 1}}}
    odrers: {tolerance_count: 1000}
  approvers: [{id: ana, team_id: plattform}]
slack:
  platform_channel: C0PLATFORM
  contact: "1:30"
  teams:
    orders: {channel: C0ORDERS, mode: team}
    platform: {channel: C0P}
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration that is valid, and doubtful."""
    monkeypatch.setenv("PEDWATCH_PROJECT", "shop")
    monkeypatch.delenv("PEDWATCH_BUCKET", raising=False)
    path = tmp_path / "p.yaml"
    path.write_text(FILE)
    return path


def test_a_valid_file_is_called_so_and_what_is_doubtful_is_told(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "validate", str(path)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"{path}: valid; named clusters: 1, teams: 2, live of them: 1, policy version ")
    assert told.err.replace(f"{path}:", "").splitlines() == [
        "10: warning: policy.teams.odrers: slack.teams has no odrers (did you mean orders?); if there is such a team, "
        "it is told of in the platform's channel",
        "11: warning: policy.approvers[0].team_id: slack.teams has no plattform (did you mean platform?); if it is "
        "misspelt, ana may approve exemptions of their own team",
        "17: warning: slack.teams.platform: is not live: its alerts are told in the platform's channel until it has "
        "mode: team",
        "5: warning: clusters[0].auth: is kubeconfig, and collector.kubeconfig_secret names none to mount",
    ]


def test_a_wrong_one_has_status_1(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_text(FILE.replace("C0PLATFORM", "'#ped'") + "bucket: other\n")
    assert main(["config", "validate", str(path)]) == 1
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 3)
    assert told.err.endswith("2 mistakes\n")
    assert main(["config", "show", str(path)]) == 1
    assert main(["config", "validate", str(path.parent / "none.yaml")]) == 1
    assert "No such file or directory; check the path" in capsys.readouterr().err


def test_what_is_not_set_here_may_be_left_unchecked(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PEDWATCH_PROJECT")
    assert main(["config", "validate", str(path)]) == 1
    assert ":1: project: environment variable PEDWATCH_PROJECT is not set" in capsys.readouterr().err
    assert main(["config", "validate", "--allow-unset", str(path)]) == 0
    assert (
        capsys.readouterr().out == "valid, as far as it can be told here: not set, and not checked: PEDWATCH_PROJECT\n"
    )
    path.write_text(FILE.replace("prod,", "Prod,"))
    assert main(["config", "validate", "--allow-unset", str(path)]) == 1
    assert "5: clusters[0].environment: 'Prod' does not fit" in capsys.readouterr().err


def test_the_one_that_ships_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PEDWATCH_CONFIG", raising=False)
    assert main(["config", "validate", "--allow-unset"]) == 0


def test_what_is_shown_means_the_same_and_says_where_it_is_from(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "show", str(path)]) == 0
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert lines[1:3] == ["project: shop  # line 1, PEDWATCH_PROJECT", "dataset: ped_watch  # default"]
    assert "bucket: ped-evidence  # line 2, PEDWATCH_BUCKET's default" in lines
    assert '  contact: "1:30"  # line 14' in lines
    assert "    for_observations: 2  # default" in lines
    assert "          tolerance_count: 1  # line 9" in lines
    again, before = settings.parse_config(shown, {}), settings.load_written_config(path).config
    for team, api in ((None, None), ("orders", None), ("orders", "checkout"), ("odrers", "x")):
        assert again.policy.for_api(team, api) == before.policy.for_api(team, api)
    unlike = {"policy"}
    assert again.model_dump(exclude=unlike) == before.model_dump(exclude=unlike)
    assert yaml.safe_load(shown)["slack"]["contact"] == "1:30"


def test_json_names_every_value_with_its_origin(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--format", "json", str(path)]) == 0
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    found = {one["field"]: (one["value"], one["from"]) for one in shown["settings"]}
    assert found["clusters[0].environment"] == ("prod", "line 5")
    assert found["project"] == ("shop", "line 1, PEDWATCH_PROJECT")
    assert found["slack.reminder_hours"] == ([4.0, 24.0, 168.0], "default")
    assert shown["policy_version"] == settings.load_written_config(path).config.policy_version


def test_names_that_nobody_bears_are_told(path: Path) -> None:
    config = settings.load_written_config(path).config
    known = KnownNames(frozenset({("orders", "checkuot"), ("payments", "pay")}), frozenset({"eu", "old-1"}))
    assert [(field_path(at), message) for at, message in unknown_names(config, known)] == [
        (
            "policy.teams.orders.apis.checkout",
            "no limit and no workload of orders is of an API checkout (did you mean checkuot?)",
        ),
        ("policy.teams.odrers", "no limit and no workload is of a team odrers (did you mean orders?)"),
        ("slack.teams.platform", "no limit and no workload is of a team platform"),
        ("retired_clusters[0]", "no cluster old was ever watched (did you mean old-1?)"),
    ]
    everything = KnownNames(
        frozenset({("orders", "checkout"), ("odrers", "x"), ("platform", "y")}), frozenset({"eu", "old"})
    )
    assert list(unknown_names(config, everything)) == []


def test_a_file_without_doubts_is_told_nothing_of(path: Path) -> None:
    path.write_text(
        FILE.replace("odrers", "platform").replace("plattform", "platform").replace("C0P}", "C0P, mode: team}")
    )
    config = settings.load_written_config(path).config
    assert [field_path(at) for at, _ in doubts(config)] == ["clusters[0].auth"]
