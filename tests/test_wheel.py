"""The wheel alone: what a team's pipeline installs checks PED files, with two packages beside it and no Airflow."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pedwatch.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
LIMIT = """\
environment: prod
team_id: orders
api_id: orders-api
max_replicas: 12
grant: {approver: ana@platform, ticket: CAP-1}
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


def needed(name: str) -> set[str]:
    """A distribution and all that it cannot be without; extras are not."""
    found = {name}
    for text in metadata.requires(name) or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found |= needed(requirement.name)
    return found


def link(distribution: str, site: Path) -> None:
    """Install a distribution of this environment by links to its files."""
    for file in metadata.files(distribution) or []:
        top = file.parts[0]
        if top != ".." and not (site / top).exists():
            (site / top).symlink_to(
                Path(str(file.locate())).parents[len(file.parts) - 2]
                if len(file.parts) > 1
                else Path(str(file.locate()))
            )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip would leave it that installed the wheel and nothing that it does not ask for."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    (info,) = site.glob("pedwatch-*.dist-info")
    for text in metadata.Distribution.at(info).requires or []:
        requirement = Requirement(text)
        if requirement.marker is None:
            for name in needed(requirement.name):
                link(name, site)
    return site


@pytest.fixture
def run(site: Path, tmp_path: Path) -> Run:
    """Run the console script's function with that folder and the standard library, and nothing else."""

    def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        script = "import sys; sys.argv[0] = 'pedwatch'; from pedwatch.cli import main; sys.exit(main())"
        return subprocess.run(
            [sys.executable, "-S", "-c", script, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site), **environment},
        )

    return command


def test_the_wheel_asks_for_two_packages_and_brings_the_script(site: Path) -> None:
    (info,) = site.glob("pedwatch-*.dist-info")
    installed = metadata.Distribution.at(info)
    asked = {Requirement(text).name for text in installed.requires or [] if Requirement(text).marker is None}
    assert asked == {"pydantic", "pyyaml"}
    (script,) = installed.entry_points
    assert (script.name, script.value) == ("pedwatch", "pedwatch.cli:main")
    assert (site / "pedwatch" / "include" / "sql" / "page" / "now.sql").is_file(), "look-ups ask what the pages ask"
    assert not list(site.glob("google*")) and not list(site.glob("airflow"))


def test_the_wheel_alone_checks_limits(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(LIMIT)
    done = run("limits", "validate", "good.yaml", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["limits"] == 1
    (tmp_path / "bad.yaml").write_text(LIMIT.replace("max_replicas: 12", "max_replicaz: 12"))
    refused = run("limits", "validate", "bad.yaml")
    assert refused.returncode == 1
    assert "did you mean max_replicas?" in refused.stderr and "Traceback" not in refused.stderr
    assert json.loads(run("limits", "schema").stdout)["title"] == "PED limit"


def test_what_takes_google_says_which_extra_it_is(run: Run) -> None:
    configured = {"PEDWATCH_PROJECT": "p", "PEDWATCH_BUCKET": "b-bucket", "PEDWATCH_EU_PROD_1_ENDPOINT": "https://c"}
    configured |= {"PEDWATCH_COLLECTOR_IMAGE": "registry.invalid/c:1", "PEDWATCH_PLATFORM_CHANNEL": "C0PLATFORM"}
    for words in (["limits", "get", "orders-api"], ["limits", "list"], ["status"], ["audit", "verify", "gs://b/x"]):
        done = run(*words, **configured)
        assert done.returncode == 1
        assert "is not installed, and this command needs it: pip install 'pedwatch[google]'" in done.stderr, words


def test_help_of_every_command_takes_nothing_else(run: Run) -> None:
    listed = run("--help").stdout
    for name, line in COMMANDS.items():
        assert name in listed and line.split()[0] in listed
    assert run("--version").stdout.startswith("pedwatch ")
    assert "usage: pedwatch limits validate" in run("limits", "validate", "--help").stdout
