"""What a deploy refuses before it changes anything, what it prints when it is to do nothing, and the program itself."""

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy.shop import Shop
from tests.test_commands_of_the_guide import check

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (
            {"knows_airflow_below": "3.3.0"},
            "→ this gcloud is older than the environment's Airflow: gcloud components update",
        ),
        (
            {"packages": {"google-cloud-firestore": "==2.28.1"}},
            "lacks the PyPI packages apache-airflow-providers-slack==9.",
        ),
        (
            {"packages": {"apache_airflow_providers_slack": "==9.0.0"}},
            "providers-slack==9.10.2, google-cloud-firestore==2",
        ),
        ({"state": "UPDATING"}, "the environment is UPDATING, not RUNNING"),
        ({"policies": []}, "→ roles/monitoring.snoozeEditor on the project is needed, and absence_policies must name"),
    ],
    ids=["old-gcloud", "package", "version", "updating", "policy"],
)
def test_what_is_not_ready_is_told_before_anything_is_changed(shop: Shop, broken: dict, sentence: str) -> None:
    shop.set(**broken)
    status, said = shop.run("deploy", "shop")
    assert status == 1 and sentence in said
    assert shop.modules() == ["module_1.py"] and shop.now["paused"] == []


def test_a_dry_run_prints_every_command_and_runs_none(shop: Shop) -> None:
    """And each is one that gcloud takes, with an Airflow command that Airflow takes."""
    before = shop.state["current"]
    status, said = shop.run("deploy", "shop", "--dry-run")
    assert (status, shop.now["calls"]) == (0, [])
    shown = [shlex.split(line.removeprefix("$ ")) for line in said.splitlines() if line.startswith("$ ")]
    for words in shown:
        check(words)
    shop.run("deploy", "shop")

    def in_short(words: list[str]) -> str:
        if words[0] == "storage":
            return f"{words[1]} {words[-1].replace('shop-bucket', 'BUCKET')}"
        return " ".join([*words[:3], *(words[6:8] if "run" in words else [])])

    done = {in_short(words) for words in shop.now["calls"]}
    of_what_was_there = {f"cat gs://BUCKET/releases/pedwatch/{before}/release.json"}
    of_what_was_there |= {f"ls gs://BUCKET/{folder}/**" for folder in ("plugins", "dags")}
    assert done - {in_short(words[1:]) for words in shown} == of_what_was_there
    assert shop.run("rollback", "shop", "--dry-run")[0] == 0


def test_the_program_itself_is_called(shop: Shop) -> None:
    """As `make deploy` does it: another process, which finds a gcloud on its path, and ends with 1 when refused."""
    folder = shop.cloud.parent / "bin"
    folder.mkdir()
    program = folder / "gcloud"
    fake, packages = ROOT / "tests" / "deploy" / "fake_gcloud.py", Path(yaml.__file__).parents[1]
    program.write_text(f'#!/bin/sh\nPYTHONPATH={packages} exec {sys.executable} -S {fake} {shop.cloud} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    code = (
        "import sys; from pathlib import Path; from deploy import release\n"
        f"sys.exit(release.main(sys.argv[1:], sleep=lambda _: None, root=Path({str(shop.root)!r}),"
        f" environments=Path({str(shop.environments)!r})))"
    )

    def run(path: str) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"PATH": path}
        command = [sys.executable, "-c", code, "deploy", "shop"]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    done = run(f"{folder}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"pedwatch runs build {shop.state['current']}"
    shop.set(state="ERROR")
    assert run(f"{folder}:{os.environ['PATH']}").returncode == 1
    assert "gcloud is not installed: https://cloud.google.com/sdk/docs/install" in run("/nowhere").stderr


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"project": None}, "project is missing: write a project's id"),
        ({"projekt": "x"}, "projekt: unknown key; did you mean project?"),
        ({"location": "europe-west1-b"}, "location: 'europe-west1-b' is not a region"),
        ({"image": "composer-3-airflow-3"}, "image: 'composer-3-airflow-3' is not an image that is pinned to a build"),
        (
            {"absence_policies": "1"},
            "absence_policies: must be a list of names like projects/shop-prod/alertPolicies/123",
        ),
    ],
)
def test_a_wrong_environment_file_is_told_by_file_field_and_fix(shop: Shop, fields: dict, sentence: str) -> None:
    shop.configure(**fields)
    status, said = shop.run("deploy", "shop")
    assert status == 1 and f"{shop.environments}/shop.yaml: {sentence}" in said
    assert shop.now["calls"] == []


def test_an_environment_that_nobody_described_is_told(shop: Shop) -> None:
    status, said = shop.run("deploy", "shpo")
    assert status == 1 and "ENV=shpo: there is no" in said and "There are: shop" in said
