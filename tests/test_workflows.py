"""The workflows, which nothing here can run: what they call exists, what they may is little, what they use is pinned.

Their syntax, their expressions and the shell in them are actionlint's and shellcheck's to judge, in ``make lint``.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pedwatch.cli import build_parser

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*/.github/workflows/*"))
WORKFLOWS = [*sorted((ROOT / ".github" / "workflows").iterdir()), *EXAMPLES]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z-]*):.*##", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"\$\((?:if \$\()?([A-Z]+)\b", MAKEFILE)) | {"PYTHON"}
PATHS = re.compile(
    r"(?:^|[\s=:'\"])((?:\.ci|bench|bootstrap|deploy|docs|images|include|plugins|sandbox|tests)/[\w./-]+)"
)
FULL_COMMIT = re.compile(r"^[\w./-]+@[0-9a-f]{40}$")


def read(path: Path) -> dict[str, Any]:
    # "on" is a boolean in YAML 1.1.
    return yaml.safe_load(path.read_text().replace("\non:", '\n"on":', 1))


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def run_problems(script: str) -> list[str]:
    """What a script calls that is not there: a target of make, a variable of one, a file of ours."""
    found = []
    script = re.sub(r"\$\{\{.*?\}\}", "VALUE", script)
    for call in re.findall(r"(?:^|[;&|]\s*)make +([^|;&\n]*)", script, re.MULTILINE):
        words = call.split()
        for word in words:
            name, is_assigned, _ = word.partition("=")
            if not is_assigned and not word.startswith("$") and word not in TARGETS:
                found.append(f"make {word}")
            if is_assigned and name not in VARIABLES:
                found.append(f"make {name}=")
    for path in PATHS.findall(script):
        # What a step writes is not there before it.
        if not (ROOT / path).exists() and f">{path}" not in script:
            found.append(path)
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
class TestEveryWorkflow:
    def test_its_commands_are_there(self, path: Path) -> None:
        for step in steps(read(path)):
            assert not run_problems(step.get("run", ""))

    def test_the_paths_that_start_it_are_there(self, path: Path) -> None:
        for trigger in read(path)["on"].values():
            for pattern in (trigger or {}).get("paths", []) if isinstance(trigger, dict) else []:
                assert (path.parents[2] / pattern.removesuffix("/**")).exists(), pattern

    def test_it_may_only_read(self, path: Path) -> None:
        workflow = read(path)
        assert workflow["permissions"] == {"contents": "read"}
        for name, job in workflow["jobs"].items():
            rights = job.get("permissions", {"contents": "read"})
            # A token to exchange for one of Google's: where there is no key, there is none to leak.
            more = {
                "composer-dev": {"id-token": "write"},
                "compare": {"id-token": "write", "pull-requests": "write"},  # the comment
            }
            assert rights == {"contents": "read"} | more.get(name, {}), name

    def test_actions_are_pinned_by_commit_with_their_version_beside(self, path: Path) -> None:
        for line in path.read_text().splitlines():
            if "uses:" in line:
                action, _, version = line.partition("uses:")[2].strip().partition(" # ")
                assert FULL_COMMIT.match(action), action
                assert re.fullmatch(r"v\d+\.\d+\.\d+", version), line

    def test_one_action_is_one_version(self, path: Path) -> None:
        used = {use for other in WORKFLOWS for use in re.findall(r"uses: (\S+)", other.read_text())}
        names = [use.partition("@")[0] for use in used]
        assert len(names) == len(set(names)), sorted(used)

    def test_no_secret_comes_near_it(self, path: Path) -> None:
        text = path.read_text()
        assert not re.search(r"\bsecrets\b\s*[.\[]", text)
        assert "pull_request_target" not in text and "set -x" not in text
        for step in steps(read(path)):
            assert "${{ github.event" not in step.get("run", ""), "what a stranger wrote becomes shell"
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False

    def test_it_ends(self, path: Path) -> None:
        workflow = read(path)
        assert "cancel-in-progress" in workflow["concurrency"]
        for name, job in workflow["jobs"].items():
            assert job["timeout-minutes"] <= 60, name


def test_the_example_gives_a_stranger_nothing_and_types_what_there_is() -> None:
    (example,) = EXAMPLES
    workflow = read(example)
    validate, compare = workflow["jobs"]["validate"], workflow["jobs"]["compare"]
    assert "permissions" not in validate, "it may read the files"
    assert compare["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    typed = re.findall(
        r"^ *pedwatch (.*?)(?: >.*)?$", "\n".join(s.get("run", "") for s in steps(workflow)), re.MULTILINE
    )
    assert [command.split()[:2] for command in typed] == [["limits", "validate"], ["limits", "diff"]]
    for command in typed:
        build_parser().parse_args(command.split())
        assert (example.parents[2] / command.split()[-1]).is_dir()


def test_what_is_not_there_would_be_found() -> None:
    assert run_problems("make lnit") == ["make lnit"]
    assert run_problems("mkdir -p build\nmake image | tee x\nmake test COLOUR=1") == ["make COLOUR="]
    assert run_problems("cat deploy/nothing.py >bench/new.py") == ["deploy/nothing.py"]
    assert run_problems("make test ARGS=tests/nothing") == ["tests/nothing"]


def test_every_check_of_a_desk_is_a_check_there() -> None:
    said = "\n".join(step.get("run", "") for path in WORKFLOWS for step in steps(read(path)))
    for target in ("lint", "test", "bundle", "image", "composer-dev", "test-matrix"):
        assert re.search(rf"^make {target}\b", said, re.MULTILINE), target
    pythons = read(ROOT / ".github" / "workflows" / "check.yaml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert pythons == ["3.11", "3.12", "3.13"], "those of requires-python"


def test_what_could_not_be_built_is_a_failure_there() -> None:
    """``make image`` ends with 0 where it is skipped: the workflow has to look at what it said."""
    (job,) = (read(path)["jobs"]["collector"] for path in WORKFLOWS if path.stem == "image")
    (script,) = (step["run"] for step in job["steps"] if "make image" in step.get("run", ""))
    condition = next(line for line in script.splitlines() if "SKIPPED" in line)
    shell = shutil.which("bash")
    assert shell
    for said, status in (("SKIPPED: the base image is not here", 1), ("built it", 0)):
        done = subprocess.run(
            [shell, "-ec", f"{condition.strip().replace('build/image.txt', '-')}"], input=f"{said}\n", text=True
        )
        assert done.returncode == status, said
    from deploy.collector_image import IMAGE

    assert IMAGE in script, "what is scanned is what was built"


def test_updates_are_asked_for_wherever_something_is_pinned() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    folders: dict[str, set[str]] = {}
    for update in updates:
        folders.setdefault(update["package-ecosystem"], set()).update(
            update.get("directories") or [update["directory"]]
        )
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    pinned = {
        "uv": [file for file in tracked if Path(file).name == "pyproject.toml"],
        "docker": [file for file in tracked if file.endswith("Dockerfile")],
        "terraform": [file for file in tracked if file.startswith("deploy/") and Path(file).name == "versions.tf"],
        "docker-compose": [file for file in tracked if Path(file).name.startswith("docker-compose")],
    }
    for ecosystem, files in pinned.items():
        assert files, ecosystem
        for file in files:
            folder = str(Path("/") / Path(file).parent)
            assert folder in folders[ecosystem], f"{ecosystem}: {file}"
    assert folders["github-actions"] == {"/"}


@pytest.mark.parametrize("name", ["actionlint", "hadolint", "shellcheck"])
def test_a_linter_is_inside_its_wheel(name: str, tmp_path: Path) -> None:
    """It runs without a network and an empty HOME: nothing is fetched when it is called."""
    program = Path(sys.executable).parent / name
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run([program, "--version"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("program", "arguments", "file", "text", "said"),
    [
        ("hadolint", [], "Dockerfile", "FROM debian:13\nRUN cd /tmp && sudo ls\n", "DL3004"),
        ("shellcheck", [], "script.sh", "#!/bin/sh\nrm -r $1/x\n", "SC2086"),
        ("actionlint", ["-shellcheck="], "w.yaml", "on: push\njobs: {a: {steps: [{run: ls}]}}\n", "runs-on"),
    ],
)
def test_a_linter_finds_something(
    program: str, arguments: list[str], file: str, text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / file).write_text(text)
    command = [Path(sys.executable).parent / program, *arguments, tmp_path / file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and said in done.stdout


def test_lint_looks_at_every_file_of_its_kind() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    done = subprocess.run(
        ["make", "-pn", "help"], cwd=ROOT, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    ).stdout
    for variable, suffixes in {
        "DOCKERFILES": ("Dockerfile",),
        "SHELL_SCRIPTS": (".sh", ".ci/run"),
        "WORKFLOWS": (".yaml",),
    }.items():
        (listed,) = re.findall(rf"^{variable} := (.*)$", done, re.MULTILINE)
        wanted = [file for file in tracked if file.endswith(suffixes)]
        if variable == "WORKFLOWS":
            wanted = [file for file in wanted if "/.github/workflows/" in f"/{file}"]
        assert sorted(listed.split()) == sorted(wanted), variable
