"""``make composer-dev`` against a ``composer-dev`` that answers as 0.12.0 does: status 0, whatever Airflow said."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy import local_composer
from deploy.gcloud import Done
from deploy.local_composer import LocalComposer, main
from pedwatch.doctor.composer_image import recorded

DAGS = sorted(path.stem for path in (local_composer.ROOT / "dags").glob("*.py"))


class FakeComposerDev:
    """Answers commands; ``rows`` are what Airflow lists."""

    def __init__(self) -> None:
        image = recorded(local_composer.ROOT / "include")
        versions = {name: package["version"] for name, package in image["packages"].items()}
        versions["apache-airflow-providers-slack"] = "9.10.2"
        self.rows: dict[str, list[dict[str, Any]]] = {
            "dags list-import-errors": [],
            "dags list": [{"dag_id": dag_id} for dag_id in DAGS],
            "plugins": [{"name": "ped_replicas"}],
            "providers list": [{"package_name": name, "version": version} for name, version in versions.items()],
        }
        self.refuses: str | None = None
        self.calls: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> Done:
        self.calls.append(list(command))
        if command[1] == self.refuses:
            return Done(1, "", "Error: Failed to pull the image.\nCheck your credentials.\n")
        if command[1] != "run-airflow-cmd":
            return Done(0, "", "")
        return Done(0, f"a warning [of] something\n{json.dumps(self.rows[' '.join(command[3:-2])])}\n", "")


@pytest.fixture
def program() -> FakeComposerDev:
    return FakeComposerDev()


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(local_composer, "FOLDER", tmp_path / "composer-dev")
    folder = tmp_path / "bundle"
    for name in ("dags", "plugins"):
        (folder / name).mkdir(parents=True)
        for path in (local_composer.ROOT / name).glob("*.py"):
            (folder / name / path.name).write_text(path.read_text())
    (folder / "requirements.txt").write_text("slack==1\n")
    return folder


def run(program: FakeComposerDev, bundle: Path) -> int:
    return main(LocalComposer(program, lambda line: None), bundle, lambda seconds: None)


def test_the_recorded_image_gets_the_bundle_and_our_packages(program: FakeComposerDev, bundle: Path) -> None:
    assert run(program, bundle) == 0
    create, start = program.calls[:2]
    assert create[1:4] == ["create", "--from-image-version", recorded(local_composer.ROOT / "include")["image"]]
    assert str(bundle / "dags") in create and str(bundle / "plugins") in create
    assert start == ["composer-dev", "start", local_composer.NAME]
    kept = local_composer.FOLDER / "composer" / local_composer.NAME
    assert (kept / "requirements.txt").read_text() == "slack==1\n", "before it is started"
    assert program.calls[-1][1] == "stop"


def test_a_trial_before_is_removed_first(program: FakeComposerDev, bundle: Path) -> None:
    (local_composer.FOLDER / "composer" / local_composer.NAME).mkdir(parents=True)
    run(program, bundle)
    assert program.calls[0] == ["composer-dev", "remove", "--skip-confirmation", "--force", local_composer.NAME]


@pytest.mark.parametrize(
    ("command", "rows", "said"),
    [
        (
            "dags list-import-errors",
            [{"filepath": "ped_digest.py", "error": "Traceback\nModuleNotFoundError: slack"}],
            "ped_digest.py: ModuleNotFoundError: slack",
        ),
        ("dags list", [{"dag_id": dag_id} for dag_id in DAGS[1:]], f"never parsed: {DAGS[0]}"),
        ("plugins", [{"name": "another"}], "pedwatch_ui.py: Airflow did not load the plugin ped_replicas"),
        (
            "providers list",
            [{"package_name": "apache-airflow-providers-google", "version": "21.0.0"}],
            "apache-airflow-providers-google: the image has 21.0.0, include/composer_image.yaml says 22.3.0",
        ),
        ("providers list", [], "apache-airflow-providers-slack: not installed"),
    ],
)
def test_what_is_wrong_is_named_though_the_status_is_0(
    command: str,
    rows: list[dict[str, Any]],
    said: str,
    program: FakeComposerDev,
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program.rows[command] = rows
    assert run(program, bundle) == 1
    assert said in capsys.readouterr().err
    assert program.calls[-1][1] == "stop"


@pytest.mark.parametrize("refused", ["create", "start"])
def test_what_the_program_refuses_is_told(
    refused: str, program: FakeComposerDev, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program.refuses = refused
    assert run(program, bundle) == 1
    assert "Check your credentials" in capsys.readouterr().err


def test_without_the_program_it_says_where_it_is(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(LocalComposer(show=lambda line: None), bundle, lambda seconds: None) == 1
    assert "composer-dev is not installed: pip install git+https://" in capsys.readouterr().err
